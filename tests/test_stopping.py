"""Training that is stopped or killed, or that has no space left, goes on as if nothing had happened."""

import re
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Parameter, Tensor

from src.common.errors import UserError
from src.common.stopping import StoppedError, StopRequest
from src.config import Config
from src.dataset import training_batches, validation_batches
from src.model import network
from src.training import phase as training
from tests.small_dataset import write_dataset
from tests.small_file_system import small_file_system
from tests.thin_network import ThinMNet
from tests.training_runs import (
    BATCH,
    TrainCommand,
    assert_same_outcome,
    latest,
    make_config,
    read_epochs,
    read_events,
    read_parameters,
    read_steps,
    run_training,
)

pytestmark = pytest.mark.usefixtures("thin_networks")

M_NET = "pre_train_m_net"
STEPS = 4  # an epoch
EPOCHS = 3
CHANGING = {"lr_schedule": "cosine", "warmup_steps": 3, "ema_decay": 0.8}  # more to go on with
STEP_FILE = "resume_step.ckpt"


def config_of(phase: str, **section) -> Config:
    return make_config({phase: {"nEpochs": EPOCHS, **CHANGING, **section}})


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder, {"train": STEPS * BATCH + 1, "eval": 1})
    return folder


@pytest.fixture(scope="module")
def unbroken(data, tmp_path_factory) -> Path:
    """The M-Net phase, never stopped."""
    return run_training(config_of(M_NET), data, tmp_path_factory.mktemp("unbroken")).folder


def has_line(log: Path, text: str) -> bool:
    return log.exists() and text in log.read_text()


def test_a_signal_saves_within_the_epoch_and_nothing_is_lost(unbroken, data, tmp_path):
    """tests/test_distributed.py does the same with Ctrl-C."""
    with TrainCommand(config_of(M_NET), data, tmp_path) as command:
        folder, log = command.folder, command.folder / M_NET / "log_latest.txt"
        status, errors = command.signal_when(lambda: has_line(log, "train epoch: 2 step: 2,"), signal.SIGTERM)
    assert status == 128 + signal.SIGTERM
    last = errors.strip().splitlines()[-1]
    found = re.match(r"stopped in epoch (\d) after step (\d) of 4, saved in ", last)
    epoch, step = map(int, found.groups())
    assert (epoch, step) >= (2, 2)
    assert f"{folder / M_NET / STEP_FILE}; the same command resumes from there" in last
    state = read_parameters(folder / M_NET / STEP_FILE)
    assert (float(state["epoch"]), float(state["step"])) == (epoch - 1, step)

    resumed = run_training(config_of(M_NET), data, tmp_path)
    assert f"starting with epoch {epoch}, step {step + 1}, from " in resumed.screen
    every_step = [(epoch, step) for epoch in range(1, EPOCHS + 1) for step in range(1, STEPS + 1)]
    steps = read_steps(folder / M_NET / "log_latest.txt")
    assert [(epoch, step) for epoch, step, _ in steps] == every_step
    events = [
        event.step
        for event in read_events(resumed.folder / "events" / M_NET)
        for value in event.summary.value
        if value.tag == "train/loss"
    ]
    assert events == list(range(1, EPOCHS * STEPS + 1))
    assert_same_outcome(resumed.folder, unbroken)


def test_a_signal_in_a_validation_loses_no_step(unbroken, data, tmp_path, monkeypatch):
    """Which may last longer than a scheduler waits."""
    config = config_of(M_NET)
    begun = []

    def asks_to_stop(self: StopRequest) -> bool:
        return begun.count("validation") == 2

    def validation_begins(*arguments, **options):
        begun.append("validation")
        return validation_batches(*arguments, **options)

    monkeypatch.setattr(StopRequest, "__bool__", asks_to_stop)
    monkeypatch.setattr(training, "validation_batches", validation_begins)
    with pytest.raises(StoppedError, match="stopped in epoch 2 after step 4 of 4, saved in"):
        run_training(config, data, tmp_path)
    monkeypatch.undo()
    resumed = run_training(config, data, tmp_path)
    assert "starting with epoch 2, step 5, from " in resumed.screen
    steps = [(epoch, step) for epoch, step, _ in read_steps(resumed.folder / M_NET / "log_latest.txt")]
    assert steps == [(epoch, step) for epoch in range(1, EPOCHS + 1) for step in range(1, STEPS + 1)]
    assert_same_outcome(resumed.folder, unbroken)


def test_a_second_signal_ends_at_once(data, tmp_path):
    with TrainCommand(config_of(M_NET, nEpochs=1000), data, tmp_path) as command:
        log = command.folder / M_NET / "log_latest.txt"

        def ask_twice() -> bool:
            if not has_line(log, "step: 2,"):
                return False
            command.send(signal.SIGINT)
            return True

        status, _ = command.signal_when(ask_twice, signal.SIGINT)
    assert status == 130


@pytest.fixture(scope="module")
def killed(data, tmp_path_factory) -> Path:
    """The folder of output of a run that was killed in its third epoch, after the last step that it saves."""
    output = tmp_path_factory.mktemp("killed")
    with TrainCommand(config_of(M_NET, save_steps=2), data, output) as command:
        log = command.folder / M_NET / "log_latest.txt"
        status, _ = command.signal_when(lambda: has_line(log, "train epoch: 3 step: 3,"), signal.SIGKILL)
    assert status == -signal.SIGKILL
    return output


def test_killed_within_an_epoch_it_goes_on_at_the_last_saved_step(killed, unbroken, data, tmp_path):
    output = shutil.copytree(killed, tmp_path / "out")
    resumed = run_training(config_of(M_NET, save_steps=2), data, output)
    step_file = resumed.folder / M_NET / STEP_FILE
    assert f"starting with epoch 3, step 3, from {step_file}" in resumed.screen
    assert_same_outcome(resumed.folder, unbroken)
    assert not step_file.exists()


def test_killed_without_a_saved_step_it_goes_on_at_the_last_saved_epoch(killed, unbroken, data, tmp_path):
    output = shutil.copytree(killed, tmp_path / "out")
    (step_file,) = output.rglob(STEP_FILE)
    step_file.unlink()
    resumed = run_training(config_of(M_NET, save_steps=2), data, output)
    assert f"starting with epoch 3 from {latest(resumed.folder, M_NET, 2)}" in resumed.screen
    assert_same_outcome(resumed.folder, unbroken)
    assert [int(row["epoch"]) for row in read_epochs(resumed.folder, M_NET)] == [1, 2, 3]


def test_forced_onto_larger_steps_the_epoch_starts_over(killed, data, tmp_path):
    """Step 2, which was saved, does not even exist any more."""
    output = shutil.copytree(killed, tmp_path / "out")
    section = {"nEpochs": EPOCHS, "train_batch": STEPS * BATCH, **CHANGING}
    run = run_training(make_config({M_NET: section}, resume="force"), data, output)
    assert "starting with epoch 3 from" in run.screen
    assert latest(run.folder, M_NET, EPOCHS).exists()


def test_the_best_score_survives_epochs_that_are_not_saved(data, tmp_path, monkeypatch):
    """With save_epoch above 1, a run broken off after a best epoch still knows its score."""

    def second_epoch_fails(train_set: object, epoch: int, **options):
        assert epoch == 1
        return training_batches(train_set, epoch, **options)

    config = config_of(M_NET, save_epoch=100, lr_schedule="constant")
    monkeypatch.setattr(training, "training_batches", second_epoch_fails)
    with pytest.raises(AssertionError):
        run_training(config, data, tmp_path)
    monkeypatch.undo()
    folder = tmp_path / "single" / config.ckpt_version
    (row,) = read_epochs(folder, M_NET)
    state = read_parameters(folder / M_NET / STEP_FILE)
    assert float(state["best_score"]) == pytest.approx(float(row["eval_sad"]), abs=1e-6)
    resumed = run_training(config, data, tmp_path)
    assert re.search(r"starting with epoch 2 from .*resume_step.ckpt", resumed.screen)


class HeavyMNet(ThinMNet):
    """Its checkpoints, of 4 MB and more, fill a disk before logs and curves do."""

    def __init__(self):
        super().__init__()
        self.ballast = Parameter(Tensor(np.zeros(1_000_000, np.float32)))


@pytest.fixture
def small_disk(tmp_path) -> Path:
    """Room for one checkpoint, the best and the state within an epoch, but not for one checkpoint more."""
    with small_file_system(tmp_path / "small", "52m") as folder:
        yield folder


def test_no_space_for_a_checkpoint_leaves_the_last_good_one(data, small_disk, tmp_path, monkeypatch):
    monkeypatch.setattr(network, "MNet", HeavyMNet)
    config = config_of(M_NET)
    with pytest.raises(UserError, match="cannot be written: .*; make room") as caught:
        run_training(config, data, small_disk)
    assert "\n" not in str(caught.value)
    folder = small_disk / "single" / config.ckpt_version
    saved = sorted(path.name for path in (folder / M_NET).glob("semantic_hm_latest_*.ckpt"))
    assert saved[0] == "semantic_hm_latest_1.ckpt"
    subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
    unbroken = run_training(config, data, tmp_path / "unbroken").folder
    assert_same_outcome(run_training(config, data, small_disk).folder, unbroken)
