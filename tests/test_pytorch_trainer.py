"""The trainer of the PyTorch twin: a short run, stopped and continued, and its weights brought back."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src.common.errors import UserError
from src.common.folder_lock import locked
from src.get_init_weight import main as convert
from src.load_model import load_network
from tests.conftest import THIN_COMMANDS
from tests.small_dataset import write_dataset

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from src.pytorch import train as trainer  # noqa: E402
from src.pytorch.batch import Batch, alpha_samples  # noqa: E402
from src.pytorch.light import vary_light  # noqa: E402
from tests.thin_torch_network import make_torch_networks_thin  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SIZES = ["--size", "32", "--batch", "4", "--lr", "1e-2"]


def train_in_a_process(data: Path, output: Path, steps: int, *options: str) -> str:
    """Where bfloat16 is fast: src limits the instructions that it may use in this process."""
    output.mkdir(exist_ok=True)
    arguments = [data, output, *SIZES, "--steps", str(steps), *options]
    command = [sys.executable, "-m", "src.pytorch.train", *arguments]
    thin = {**os.environ, "PYTHONPATH": THIN_COMMANDS}
    result = subprocess.run(command, cwd=ROOT, env=thin, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_run_is_continued_and_its_weights_come_back(thin, tmp_path, monkeypatch, capsys):
    make_torch_networks_thin(monkeypatch)

    def run(main: Callable[[], None], *arguments: str | Path) -> str:
        monkeypatch.setattr("sys.argv", ["command", *map(str, arguments)])
        main()
        return capsys.readouterr().out

    def train(steps: int) -> str:
        (tmp_path / "out").mkdir(exist_ok=True)
        options = [*SIZES, "--steps", steps, "--phase", "end_to_end"]
        return run(trainer.main, tmp_path / "data", tmp_path / "out", *options)

    write_dataset(tmp_path / "data", {"train": 16, "eval": 4})
    first = train(10)
    assert "step 10: eval loss" in first
    second = train(20)
    assert "resuming after step 10" in second and "step 20: eval loss" in second
    losses = [float(text.split("eval loss ")[1].split()[0]) for text in (first, second)]
    assert losses[1] < losses[0]

    out = tmp_path / "out"
    other = (tmp_path / "data", out, *SIZES, "--steps", 30, "--phase", "pre_train_t_net")
    with pytest.raises(UserError, match="state.pth: of phase end_to_end, not pre_train_t_net"):
        run(trainer.main, *other)
    with locked(out), pytest.raises(UserError, match="another process is writing here"):
        run(trainer.main, *other)
    for wrong, fact in (
        (("--pyramid_weight", 0.1), "--pyramid_weight: pre_train_t_net has no such loss"),
        (("--save_steps", 0), "0: must be a number of at least 1"),
        (("--workers", 2, "--pictures", out), "--workers: pictures have readers of their own"),
        (("--phase", "base", "--size", 33), "--size 33: must be a multiple of"),
    ):
        with pytest.raises(SystemExit):
            run(trainer.main, *other, *wrong)
        assert fact in capsys.readouterr().err

    checkpoint = tmp_path / "weights.ckpt"
    run(convert, tmp_path / "out" / "weights.pth", "--output", checkpoint)
    weights = trainer.read_weights(str(checkpoint))
    saved = torch.load(tmp_path / "out" / "weights.pth", weights_only=True)
    for name, value in weights.items():
        np.testing.assert_array_equal(value.numpy(), saved[name].numpy(), err_msg=name)
    assert len(weights) == len(load_network(checkpoint).parameters_dict())
    next_phase = ["--phase", "pre_train_m_net", "--init", checkpoint, "--bfloat16"]
    assert "step 2: eval loss" in train_in_a_process(tmp_path / "data", tmp_path / "next", 2, *next_phase)


def test_another_process_reads_the_same_samples(tmp_path):
    write_dataset(tmp_path, {"train": 8, "eval": 0})

    def batches(workers: int) -> list[Batch]:
        sizes = {"size": 32, "batch": 4, "seed": 3, "device": "cpu"}
        samples = alpha_samples(str(tmp_path), "train", **sizes, workers=workers)
        with contextlib.closing(samples.endless(1)) as found:
            return [next(found) for _ in range(3)]

    for here, there in zip(batches(0), batches(1), strict=True):
        for name, one, other in zip(Batch._fields, here, there, strict=True):
            assert torch.equal(one, other), name
    for photo in (tmp_path / "train" / "clip_img").rglob("*.jpg"):
        photo.write_bytes(photo.read_bytes()[:100])
    with pytest.raises(UserError, match="clip_img") as caught:
        batches(1)
    assert "Traceback" not in str(caught.value)


def test_light_varies():
    torch.manual_seed(0)
    colours = torch.rand((64, 3, 8, 8))
    changed = vary_light(colours)
    assert changed.shape == colours.shape and changed.min() >= 0 and changed.max() <= 1
    same = (changed == colours).flatten(1).all(1)
    grey = (changed.amax(1) - changed.amin(1)).flatten(1).amax(1) < 1e-6
    assert 20 < same.sum() < 44 and 2 < grey.sum() < 15
    assert not (same & grey).any()
