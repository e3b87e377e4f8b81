"""Training pictures on the device: cutting, reading while they are written, MODNet's samples, the clock."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from src.common.errors import UserError
from src.data.augmentation import draw_augmentation
from src.data.light import Light
from src.data.pair_folder import pair_paths, write_pair
from src.get_init_weight import main as convert
from src.images.trimap import make_trimap, soft_trimap, trimap_to_class_map
from tests.small_dataset import make_person, write_dataset

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from src.pytorch import modnet_samples, pictures  # noqa: E402
from src.pytorch import train as trainer  # noqa: E402
from src.pytorch.batch import Batch  # noqa: E402
from src.pytorch.cropping import crop  # noqa: E402
from src.pytorch.first_weights import read_weights  # noqa: E402
from src.pytorch.pictures import Pictures  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SIDE = 72


def write_picture(folder, number: int) -> None:
    image, alpha = make_person((number,), SIDE, SIDE)
    group = f"person{number % 3}"
    write_pair(pair_paths(Path(folder), group, f"{number:03d}"), image, alpha, 100)


def held_pictures(count: int) -> np.ndarray:
    made = []
    for number in range(count):
        image, alpha = make_person((number,), SIDE, SIDE)
        classes = trimap_to_class_map(make_trimap(alpha, 5))
        made.append(np.dstack([image, alpha, classes.astype(np.uint8)]))
    return np.stack(made)


@pytest.mark.parametrize("size", [48, 64, 96])
def test_samples_are_cut_as_those_of_a_data_set(size):
    held, rng = held_pictures(3), np.random.default_rng(size)
    chosen = rng.integers(3, size=12)
    changes = [draw_augmentation(rng, SIDE, SIDE, size, vertical_flip=True) for _ in chosen]
    batch = crop(torch.from_numpy(held), chosen, changes, size)
    for k, (number, change) in enumerate(zip(chosen, changes, strict=True)):
        image, alpha, classes = held[number, ..., :3], held[number, ..., 3], held[number, ..., 4]
        image, classes, alpha = change.apply(*map(np.ascontiguousarray, (image, classes, alpha)), size)
        colours = 255 * batch.colours[k].permute(1, 2, 0).numpy()
        # Both are linear, but OpenCV averages areas where this weights by triangles.
        assert np.abs(colours - image).mean() < 2 and np.abs(colours.mean() - image.mean()) < 0.5
        assert np.abs(255 * batch.alpha[k, 0].numpy() - alpha).mean() < 2
        assert np.mean(batch.class_map[k].numpy() != classes) < 0.005


def test_pictures_that_memory_cannot_hold_are_refused(tmp_path, monkeypatch):
    write_picture(tmp_path, 0)
    read = torch.zeros((1, SIDE, SIDE, 5), dtype=torch.uint8)
    monkeypatch.setattr(pictures, "DataLoader", lambda *_, **__: [(read, 1)])

    def full(shape: tuple[int, ...], **_: object) -> torch.Tensor:
        raise RuntimeError(f"no room for {shape}")

    monkeypatch.setattr(pictures.torch, "zeros", full)
    held = Pictures([str(tmp_path)], size=32, batch=4, seed=0, device="cpu", capacity=60000)
    with pytest.raises(UserError, match=f"60000 pictures of {SIDE}x{SIDE} need 2 GB of memory"):
        next(held.endless(0))


def test_pictures_are_read_while_they_are_written(tmp_path, capfd):
    with pytest.raises(UserError, match="no pictures"):
        Pictures([str(tmp_path)], size=32, batch=4, seed=0, device="cpu", capacity=8)
    for number in range(3):
        write_picture(tmp_path, number)
    (tmp_path / "matting/person0/matting_00000000/broken.png").write_bytes(b"no picture")
    held = Pictures([str(tmp_path)], size=32, batch=4, seed=0, device="cpu", capacity=8)
    batches = held.endless(0)
    first = next(batches)
    assert first.colours.shape == (4, 3, 32, 32) and first.class_map.dtype == torch.int64
    assert float(first.alpha.min()) >= 0 and float(first.alpha.max()) == 1
    for number in range(3, 13):
        write_picture(tmp_path / "later", number)
    deadline = time.monotonic() + 60
    while held.read < 13 and time.monotonic() < deadline:
        next(batches)
    assert held.read == 13
    assert "broken" in capfd.readouterr().out


def test_readers_end_with_a_killed_training(tmp_path):
    write_picture(tmp_path, 0)
    code = (
        "import multiprocessing, sys, time\n"
        "from src.pytorch.pictures import Pictures\n"
        "if __name__ == '__main__':\n"
        "    held = Pictures(sys.argv[1:], size=32, batch=4, seed=0, device='cpu', capacity=8)\n"
        "    next(held.endless(0))\n"
        "    print(*(each.pid for each in multiprocessing.active_children()), flush=True)\n"
        "    time.sleep(300)\n"
    )
    (tmp_path / "training.py").write_text(code)
    command = [sys.executable, tmp_path / "training.py", tmp_path]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as training:
        readers = [Path("/proc", pid) for pid in training.stdout.readline().split()]
        training.kill()
    assert len(readers) == 2
    deadline = time.monotonic() + 60
    while any(runs(reader) for reader in readers):
        assert time.monotonic() < deadline, "a reader goes on without a training"
        time.sleep(0.1)


def runs(process: Path) -> bool:
    """Whether a process of /proc goes on; not if it waits for its parent to ask how it ended."""
    try:
        return (process / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def one_reader(monkeypatch) -> None:
    """Each imports PyTorch."""
    monkeypatch.setattr(pictures, "_READERS", 1)


def test_pictures_of_two_sizes_are_refused(tmp_path, one_reader):
    for number in range(2):
        image, alpha = make_person((number,), SIDE + 8 * number, SIDE)
        write_pair(pair_paths(tmp_path, "person", str(number)), image, alpha)
    held = Pictures([str(tmp_path)], size=32, batch=4, seed=0, device="cpu", capacity=8)
    with pytest.raises(UserError, match="72x72 and 72x80|72x80 and 72x72"):
        next(held.endless(0))


def test_modnets_trimap_is_that_of_the_data_set(monkeypatch):
    alpha = held_pictures(1)[0, ..., 3].astype(np.float32) / 255
    monkeypatch.setattr(modnet_samples.torch, "randint", lambda *_: torch.tensor([11, 18]))
    sides = (round(11 * SIDE / 256) | 1, round(18 * SIDE / 256) | 1)
    made = modnet_samples.soft_trimap(torch.from_numpy(alpha)[None, None])[0, 0].numpy()
    np.testing.assert_array_equal(made, soft_trimap(alpha, *sides))


def test_light_is_that_of_the_data_set(monkeypatch):
    """All random numbers are a half: a line through the centre, of the same strength as the one of NumPy."""
    monkeypatch.setattr(modnet_samples.torch, "rand", lambda shape, device: torch.full(shape, 0.499))
    monkeypatch.setattr(modnet_samples.light, "LIT", 1)
    image = held_pictures(1)[0, ..., :3] // 2
    colours = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    alpha = torch.zeros(1, 1, SIDE, SIDE)
    made = 255 * modnet_samples.light_up(Batch(colours, None, alpha))[0].permute(1, 2, 0).numpy()
    share = 0.499
    light = Light(
        0.2 + 0.6 * share, (0.8 + 0.2 * share,) * 3, (share, share), np.pi * share, 0.05 + 0.25 * share, False
    )
    np.testing.assert_allclose(made, light.shine(image), atol=0.51)


def test_an_alpha_is_moved_and_empties_from_outside():
    alpha = torch.ones(6, 1, 40, 40)
    assert torch.allclose(modnet_samples.move(alpha, (0, 0, (1, 1), 0)), alpha)
    moved = modnet_samples.move(alpha, (10, 5, (0.85, 1.15), 0.1))
    # Weights of bilinear sampling sum to one only within rounding.
    assert float(moved.min()) == 0 and float(moved[:, :, 20, 20].min()) > 0.999


def test_where_nobody_is_somebody_may_have_left():
    alpha = torch.ones(400, 1, 8, 8)
    alpha[::2] = 0
    image = torch.zeros(400, 3, 8, 8)

    def teacher(seen):
        return None, None, torch.zeros(len(seen), 1, 8, 8)

    seen = modnet_samples.previous_alpha(teacher, image, alpha, disturbs=True)
    had_somebody = seen[::2].amax((1, 2, 3)) > 0
    assert 0.4 < float(had_somebody.float().mean()) < 0.65
    assert not modnet_samples.previous_alpha(teacher, image, alpha, disturbs=False).any()


def test_the_clock_decides_on_the_number_of_steps(monkeypatch):
    training = object.__new__(trainer.Training)
    training.options = argparse.Namespace(steps=None, minutes=2)
    training.started, training.step = 1000, 300
    for seconds, steps in ((60, 602), (119, 304), (120, 300), (500, 300)):
        monkeypatch.setattr(trainer.time, "perf_counter", lambda seconds=seconds: 1000 + seconds)
        assert abs(training.steps - steps) <= 1


def test_modnet_learns_from_pictures_and_comes_back(tmp_path, monkeypatch, capsys, one_reader):
    for number in range(6):
        write_picture(tmp_path / "pictures", number)
    write_dataset(tmp_path / "data", {"train": 2, "eval": 2})
    (tmp_path / "out").mkdir()
    arguments = ["--phase", "video", "--size", "32", "--batch", "2", "--steps", "4", "--capacity", "6"]
    arguments += ["--pictures", str(tmp_path / "pictures")]
    monkeypatch.setattr("sys.argv", ["train", str(tmp_path / "data"), str(tmp_path / "out"), *arguments])
    trainer.main()
    assert "step 4: eval loss" in capsys.readouterr().out
    output = tmp_path / "modnet.ckpt"
    weights = str(tmp_path / "out" / "weights.pth")
    monkeypatch.setattr("sys.argv", ["convert", weights, "--system", "modnet_video", "--output", str(output)])
    convert()
    saved = torch.load(weights, weights_only=True)
    read = read_weights(str(output), trainer.PHASES["video"].torch_state)
    assert len(read) == sum(not name.endswith("num_batches_tracked") for name in saved)
    for name, value in read.items():
        np.testing.assert_array_equal(value, saved[name].numpy(), err_msg=name)
