"""The trainer of the PyTorch twin: a short run, stopped and continued, and its weights brought back."""

import argparse
import contextlib
import itertools
import os
import shlex
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from src.common.atomic_file import TEMPORARY_PREFIX
from src.common.errors import UserError
from src.common.folder_lock import locked
from src.data.samples import MattingDataset
from src.get_init_weight import main as convert
from src.load_model import load_network
from tests.conftest import THIN_COMMANDS
from tests.small_dataset import write_dataset

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from src.pytorch import train as trainer  # noqa: E402
from src.pytorch.batch import Batch, alpha_samples  # noqa: E402
from src.pytorch.first_weights import read_weights  # noqa: E402
from src.pytorch.light import vary_light  # noqa: E402
from tests.thin_torch_network import make_torch_networks_thin  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SIZES = ["--size", "32", "--batch", "4", "--lr", "1e-2"]


def command(data: Path, output: Path, steps: int, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "src.pytorch.train", str(data), str(output)),
        *(*SIZES, "--steps", str(steps), *map(str, options)),
    ]


IN_A_PROCESS = {"cwd": ROOT, "env": {**os.environ, "PYTHONPATH": THIN_COMMANDS}, "text": True}


def train_in_a_process(data: Path, output: Path, steps: int, *options: str) -> str:
    """Where bfloat16 is fast: src limits the instructions that it may use in this process."""
    arguments = command(data, output, steps, *options)
    result = subprocess.run(arguments, **IN_A_PROCESS, capture_output=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_signal_while_files_are_written_leaves_no_part_of_them(tmp_path, workers):
    write_dataset(tmp_path / "data", {"train": 8, "eval": 4})
    out = tmp_path / "out"
    options = ["--phase", "end_to_end", "--save_steps", "1", "--workers", workers]
    arguments = command(tmp_path / "data", out, 100_000, *options)
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(arguments, **IN_A_PROCESS, **pipes)
    while not list(out.glob(f"{TEMPORARY_PREFIX}*")):
        assert process.poll() is None, process.communicate()[1]
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)  # which waits for workers, too: they hold the pipe
    assert process.returncode == 143 and errors.strip() == "interrupted"
    assert {path.name for path in out.glob("*")} <= {"state.pth", "weights.pth"}


def test_a_pipe_left_unread_does_not_end_the_training(tmp_path):
    write_dataset(tmp_path / "data", {"train": 8, "eval": 4})
    options = ["--phase", "end_to_end", "--save_steps", "1"]
    run = shlex.join(command(tmp_path / "data", tmp_path / "out", 3, *options))
    shell = ["bash", "-c", f"set -o pipefail; {run} | head -1"]
    result = subprocess.run(shell, **IN_A_PROCESS, capture_output=True, timeout=120)
    assert result.returncode == 0 and result.stderr == ""
    assert result.stdout.startswith("step 1: eval loss") and result.stdout.count("\n") == 1
    assert torch.load(tmp_path / "out" / "state.pth", weights_only=True)["step"] == 3


def test_what_a_killed_run_left_is_removed(trained, tmp_path):
    leftover = tmp_path / "out" / f"{TEMPORARY_PREFIX}abcdefgh.pth"
    leftover.parent.mkdir()
    leftover.touch()
    trained("out", "--steps", "1")
    assert not leftover.exists()


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
        (("--phase", "base", "--batch", 1), "--batch 1: base at --size 32 needs at least 2"),
        (("--size", 16, "--batch", 1), "--batch 1: pre_train_t_net at --size 16 needs at least 2"),
        (("--lr", "nan"), "--lr: nan: must be a number above 0"),
        (("--lr=-1",), "--lr: -1: must be a number above 0"),
        (("--lr", "0"), "--lr: 0: must be a number above 0"),
        (("--lr", "fast"), "--lr: fast: must be a number above 0"),
        (("--pyramid_weight=-1",), "--pyramid_weight: -1: must be a number of at least 0"),
        (("--pyramid_weight", "inf"), "--pyramid_weight: inf: must be a number of at least 0"),
        (("--minutes", "nan"), "--minutes: nan: must be a number above 0"),
        (("--minutes", "inf"), "--minutes: inf: must be a number above 0"),
        (("--minutes", "0"), "--minutes: 0: must be a number above 0"),
    ):
        with pytest.raises(SystemExit) as stop:
            run(trainer.main, *other, *wrong)
        assert stop.value.code == 2
        assert fact in capsys.readouterr().err

    checkpoint = tmp_path / "weights.ckpt"
    run(convert, tmp_path / "out" / "weights.pth", "--output", checkpoint)
    weights = read_weights(str(checkpoint), trainer.PHASES["end_to_end"].torch_state)
    saved = torch.load(tmp_path / "out" / "weights.pth", weights_only=True)
    for name, value in weights.items():
        np.testing.assert_array_equal(value, saved[name].numpy(), err_msg=name)
    assert len(weights) == len(load_network(checkpoint).parameters_dict())
    next_phase = ["--phase", "pre_train_m_net", "--init", checkpoint, "--bfloat16"]
    assert "step 2: eval loss" in train_in_a_process(tmp_path / "data", tmp_path / "next", 2, *next_phase)


@pytest.fixture
def trained(tmp_path, monkeypatch, capsys):
    """trained(folder, options): a thin network's weights, always from the same first ones, and the screen."""
    make_torch_networks_thin(monkeypatch)
    write_dataset(tmp_path / "data", {"train": 8, "eval": 4})
    torch.manual_seed(0)
    torch.save(trainer.PHASES["end_to_end"].build().state_dict(), tmp_path / "init.pth")

    def run(folder: str, *options: str) -> tuple[dict[str, torch.Tensor], str]:
        out = tmp_path / folder
        out.mkdir(exist_ok=True)
        words = [tmp_path / "data", out, *SIZES, "--phase", "end_to_end", "--init", tmp_path / "init.pth"]
        monkeypatch.setattr("sys.argv", ["train", *map(str, [*words, *options])])
        trainer.main()
        return torch.load(out / "weights.pth", weights_only=True), capsys.readouterr().out

    return run


def test_bfloat16_rounds_what_the_layers_compute(trained):
    whole, again = (trained(name, "--steps", "2")[0] for name in ("whole", "again"))
    rounded, _ = trained("rounded", "--steps", "2", "--bfloat16")
    assert all(torch.equal(value, again[name]) for name, value in whole.items())
    assert any(not torch.equal(value, rounded[name]) for name, value in whole.items())
    assert all(
        value.dtype == whole[name].dtype for name, value in rounded.items()
    )  # float32, but for counters


def test_frozen_statistics_stay_as_they_were(trained, tmp_path):
    first = torch.load(tmp_path / "init.pth", weights_only=True)

    def changed(weights: dict[str, torch.Tensor]) -> dict[str, bool]:
        return {name: not torch.equal(value, first[name]) for name, value in weights.items()}

    frozen, usual = (
        changed(trained(name, "--steps", "2", *flags)[0])
        for name, flags in (("frozen", ["--freeze_statistics"]), ("usual", []))
    )
    statistics = [name for name in first if "running_" in name]
    assert statistics and all(usual[name] for name in statistics)
    assert not any(frozen[name] for name in statistics)
    assert any(frozen.values())  # what is learnt is not frozen


def test_a_run_by_the_clock_ends_with_saved_weights(trained, tmp_path, monkeypatch):
    """A clock that goes on by a second whenever it is read, twice in each step: 15 steps in half a minute."""
    clock = itertools.count()
    monkeypatch.setattr(trainer, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    weights, screen = trained("out", "--minutes", "0.5")
    state = torch.load(tmp_path / "out" / "state.pth", weights_only=True)
    assert 12 <= state["step"] <= 15 and f"step {state['step']}: eval loss" in screen
    assert all(torch.equal(value, state["mean"][name]) for name, value in weights.items())
    _, screen = trained("out", "--minutes", "0.5")  # its time is over
    assert f"resuming after step {state['step']}\nstep {state['step']}: eval loss" in screen


def test_a_run_without_time_for_a_step_leaves_the_weights_that_it_began_with(trained, tmp_path):
    weights, _ = trained("out", "--minutes", "0.00001")
    first = torch.load(tmp_path / "init.pth", weights_only=True)
    assert all(torch.equal(value, first[name]) for name, value in weights.items())


@pytest.fixture
def saved(trained, tmp_path) -> dict[Path, bytes]:
    """The files of a run of two steps in the folder `out`."""
    trained("out", "--steps", "2")
    return {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def require_intact(files: dict[Path, bytes]) -> None:
    for path, content in files.items():
        assert path.read_bytes() == content


@pytest.mark.parametrize("part", ["loss", "weights", "eval loss"])
def test_a_diverged_run_leaves_what_was_saved(trained, saved, monkeypatch, part):
    """In the tenth step, or in the validation after it."""
    loss, update = trainer.Training._loss, trainer.Training._update_mean

    def failing_loss(training, network, batch):
        found = loss(training, network, batch)
        is_chosen = part == ("loss" if network.training else "eval loss")
        return found * float("nan") if is_chosen and training.step >= 9 else found

    def failing_update(training, memory):
        update(training, memory)
        if part == "weights" and training.step == 10:
            next(training.network.parameters()).data.fill_(float("inf"))

    monkeypatch.setattr(trainer.Training, "_loss", failing_loss)
    monkeypatch.setattr(trainer.Training, "_update_mean", failing_update)
    with pytest.raises(
        UserError, match="pth: not written: .* lower --lr and start in another folder with --init "
    ) as caught:
        trained("out", "--steps", "10")
    assert f"{part} " in str(caught.value)
    if part == "eval loss":  # the state was saved before
        saved = {path: content for path, content in saved.items() if path.name == "weights.pth"}
    require_intact(saved)


def test_a_run_that_diverges_at_once_saves_nothing(trained, tmp_path):
    with pytest.raises(UserError, match="state.pth: not written: .*; lower --lr$"):
        trained("out", "--steps", "40", "--lr", "1e30", "--save_steps", "5")
    assert not list((tmp_path / "out").iterdir())


def test_nothing_is_resumed_from_values_that_are_no_numbers(trained, saved):
    state_file = next(path for path in saved if path.name == "state.pth")
    state = torch.load(state_file, weights_only=True)
    next(iter(state["network"].values())).fill_(float("nan"))
    torch.save(state, state_file)
    with pytest.raises(UserError, match="state.pth: holds values that are NaN or infinite"):
        trained("out", "--steps", "4")


def test_a_run_killed_before_its_weights_were_saved_saves_them_when_run_again(trained, tmp_path, monkeypatch):
    """Killed between its last two files, with the last step one of those that save anyway, and without."""
    steps = ("--steps", "4", "--save_steps", "4")
    expected, _ = trained("whole", *steps)
    save = trainer.save

    def die(content, path):
        if path.name == "weights.pth":
            raise KeyboardInterrupt
        save(content, path)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trainer, "save", die)
        trained("out", *steps)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["state.pth"]
    weights, screen = trained("out", *steps)
    assert "resuming after step 4\nstep 4: eval loss" in screen
    assert all(torch.equal(value, expected[name]) for name, value in weights.items())


def test_a_validation_photo_that_cannot_be_read_costs_no_step(trained, tmp_path):
    photo = next((tmp_path / "data" / "eval" / "clip_img").rglob("*.jpg"))
    whole = photo.read_bytes()
    photo.write_bytes(whole[:100])
    with pytest.raises(UserError, match=f"{photo}: "):
        trained("out", "--steps", "2")
    assert not (tmp_path / "out" / "weights.pth").exists()
    photo.write_bytes(whole)
    _, screen = trained("out", "--steps", "2")
    assert screen.startswith("resuming after step 2\n")


def test_no_more_losses_are_held_than_a_line_needs(trained, monkeypatch):
    """On a card, each would take a piece of its memory to the end."""
    train_step, losses = trainer.Training.train_step, []

    def step(training, batch):
        loss = train_step(training, batch)
        losses.append(weakref.ref(loss))
        return loss

    def save(training, batches):
        training.saved_step = training.step
        assert len(losses) == 45 and sum(each() is not None for each in losses) == 20

    monkeypatch.setattr(trainer.Training, "train_step", step)
    monkeypatch.setattr(trainer.Training, "save", save)
    with pytest.raises(FileNotFoundError):  # nothing is saved
        trained("out", "--steps", "45")


@pytest.mark.parametrize(
    ("changed", "fact"),
    [
        (("--size", "64"), "--size 32 then, 64 now"),
        (("--batch", "2"), "--batch 4 then, 2 now"),
        (("--lr", "1e-3"), "--lr 0.01 then, 0.001 now"),
        (("--seed", "1"), "--seed 0 then, 1 now"),
        (("--pyramid_weight", "0.5"), "--pyramid_weight 0 then, 0.5 now"),
        (("--vary_light", "--freeze_statistics"), "--vary_light False then, True now; --freeze_statistics"),
        (("--bfloat16",), "--bfloat16 False then, True now"),
        (("--init", "other.pth"), "other.pth now"),
    ],
)
def test_a_run_is_not_resumed_with_other_options(trained, saved, tmp_path, monkeypatch, changed, fact):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.pth").write_bytes((tmp_path / "init.pth").read_bytes())
    with pytest.raises(UserError, match="state.pth: this run was begun with other options: .*") as caught:
        trained("out", "--steps", "4", *changed)
    assert fact in str(caught.value)
    require_intact(saved)


def test_a_run_of_older_code_is_resumed(trained, saved, tmp_path):
    state_file = tmp_path / "out" / "state.pth"
    state = torch.load(state_file, weights_only=True)
    assert state.pop("settings")["lr"] == 1e-2
    torch.save(state, state_file)
    _, screen = trained("out", "--steps", "4", "--save_steps", "1")
    assert screen.startswith("resuming after step 2\n") and "step 4: eval loss" in screen


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (lambda whole: b"", "is damaged (EOFError)"),
        (lambda whole: whole[:1000], "is damaged ("),
        (lambda whole: whole[:-100], "is damaged ("),
        (lambda whole: b"state", "is damaged ("),
    ],
)
def test_a_damaged_state_is_named(trained, saved, tmp_path, content, fact):
    state_file = tmp_path / "out" / "state.pth"
    state_file.write_bytes(content(state_file.read_bytes()))
    with pytest.raises(UserError, match=f"{state_file}: cannot be read, or .*; move it away") as caught:
        trained("out", "--steps", "4")
    assert fact in str(caught.value) and str(tmp_path / "out" / "weights.pth") in str(caught.value)


def test_what_is_no_state_is_named(trained, saved, tmp_path):
    state_file = tmp_path / "out" / "state.pth"
    state = torch.load(state_file, weights_only=True)
    for content, fact in (
        (state["mean"], "is no state of this program"),
        (state | {"optimizer": {}}, "does not fit phase end_to_end"),
        (state | {"network": {}}, "does not fit phase end_to_end"),
    ):
        torch.save(content, state_file)
        with pytest.raises(UserError, match=f"{state_file}: {fact}"):
            trained("out", "--steps", "4")


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


def test_too_few_samples_are_named(tmp_path, monkeypatch):
    make_torch_networks_thin(monkeypatch)
    write_dataset(tmp_path, {"train": 3, "eval": 4})
    options = [*SIZES, "--steps", "1", "--phase", "pre_train_t_net"]
    monkeypatch.setattr("sys.argv", ["train", str(tmp_path), str(tmp_path / "out"), *options])
    with pytest.raises(UserError, match="there are 3 training samples, but one step needs 4"):
        trainer.main()
    assert not list((tmp_path / "out").glob("*.pth"))


def test_every_validation_sample_counts_once(tmp_path):
    write_dataset(tmp_path, {"train": 0, "eval": 7})
    samples = alpha_samples(str(tmp_path), "eval", size=32, batch=4, seed=3, device="cpu")
    assert [len(batch.alpha) for batch in samples.whole_split()] == [4, 3]
    assert trainer._mean([(1.0, 4), (8.0, 3)]) == 4


def test_validation_reads_several_samples_at_once_in_their_order(tmp_path, monkeypatch):
    write_dataset(tmp_path, {"train": 0, "eval": 6})
    samples = alpha_samples(str(tmp_path), "eval", size=32, batch=4, seed=3, device="cpu")
    one_by_one = [samples._dataset.sample(index)[2] for index in range(6)]
    sample, pair = MattingDataset.sample, threading.Barrier(2, timeout=20)

    def wait_for_another(dataset, index, epoch=0):
        pair.wait()
        return sample(dataset, index, epoch)

    monkeypatch.setattr(MattingDataset, "sample", wait_for_another)
    monkeypatch.setattr("src.pytorch.batch.available_cores", lambda: 2)
    found = torch.cat([batch.alpha for batch in samples.whole_split()]).numpy()
    np.testing.assert_array_equal(found, one_by_one)


def test_weights_of_another_network_are_named(thin, thin_checkpoint, tmp_path, monkeypatch):
    make_torch_networks_thin(monkeypatch)
    write_dataset(tmp_path, {"train": 4, "eval": 4})
    wide, damaged = tmp_path / "video.pth", tmp_path / "damaged.pth"
    torch.save(trainer.PHASES["video"].build().state_dict(), wide)
    damaged.write_bytes(wide.read_bytes()[:1000])
    for phase, init, fact in (
        ("supervised", wide, "another shape than those of the network of phase supervised"),
        ("end_to_end", wide, "does not hold all weights of the network of phase end_to_end"),
        ("supervised", thin_checkpoint, "is of another system"),
        ("t_net", thin_checkpoint, "is of another system"),
        ("supervised", damaged, "damaged"),
        ("supervised", tmp_path / "absent.pth", "no such file"),
    ):
        options = [*SIZES, "--steps", "1", "--phase", phase, "--init", str(init)]
        monkeypatch.setattr("sys.argv", ["train", str(tmp_path), str(tmp_path / "out"), *options])
        with pytest.raises(UserError, match=fact) as caught:
            trainer.main()
        assert str(caught.value).startswith(f"{init}: ")


def test_a_resumed_run_draws_what_a_whole_one_draws(tmp_path, monkeypatch):
    """The light is changed at random."""
    make_torch_networks_thin(monkeypatch)
    write_dataset(tmp_path, {"train": 8, "eval": 4})
    sizes = {"size": 32, "batch": 4, "seed": 3, "device": "cpu"}
    samples = [alpha_samples(str(tmp_path), split, **sizes) for split in ("train", "eval")]
    settings = {"phase": "end_to_end", "steps": 4, "lr": 1e-2, "seed": 3, "init": None, "bfloat16": False}
    settings |= {"pyramid_weight": 0, "vary_light": True, "freeze_statistics": False}

    def train(folder: Path, first: int, end: int) -> dict[str, torch.Tensor]:
        folder.mkdir(exist_ok=True)
        training = trainer.Training(argparse.Namespace(**settings, output=str(folder)))
        assert training.step == first
        with contextlib.closing(samples[0].endless(first)) as batches:
            for _ in range(first, end):
                training.train_step(next(batches))
        training.save(samples[1].whole_split())
        return training.network.state_dict()

    whole = train(tmp_path / "whole", 0, 4)
    train(tmp_path / "parts", 0, 2)
    for name, value in train(tmp_path / "parts", 2, 4).items():
        assert torch.equal(value, whole[name]), name


def test_light_varies():
    torch.manual_seed(0)
    colours = torch.rand((64, 3, 8, 8))
    changed = vary_light(colours)
    assert changed.shape == colours.shape and changed.min() >= 0 and changed.max() <= 1
    same = (changed == colours).flatten(1).all(1)
    grey = (changed.amax(1) - changed.amin(1)).flatten(1).amax(1) < 1e-6
    assert 20 < same.sum() < 44 and 2 < grey.sum() < 15
    assert not (same & grey).any()


@pytest.mark.parametrize(("given", "used"), [(None, "DEFAULT"), ("SSE41", "SSE41")])
def test_the_trainer_lifts_the_limit_of_mindspores_convolutions(given, used):
    environment = {name: value for name, value in os.environ.items() if name != "ONEDNN_MAX_CPU_ISA"}
    if given:
        environment["ONEDNN_MAX_CPU_ISA"] = given
    program = (
        "import atexit, os, runpy, sys; sys.argv = ['train', '--help'];"
        "atexit.register(lambda: print('isa', os.environ['ONEDNN_MAX_CPU_ISA']));"
        "runpy.run_module('src.pytorch.train', run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert result.stdout.endswith(f"isa {used}\n"), result.stdout + result.stderr
