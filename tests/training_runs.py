"""Small training runs for tests, and reading what they leave behind."""

import contextlib
import csv
import io
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms

from src import callback  # imports tensorboardX without PyTorch
from src.config import Config, save_config
from src.systems.shm import PHASES
from train import train

# isort: split
from tensorboardX.proto.event_pb2 import Event

VERSION = "small"
PATCH = 32
BATCH = 4
STEP_LINE = re.compile(
    r"train epoch: (\d+) step: (\d+), loss: (\d+\.\d+), speed: (\d+\.\d+(?:e-\d+)?)(?:, lr: [\d.e-]+)?"
)
ROOT = Path(__file__).resolve().parent.parent
START = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
PATIENCE = 120  # seconds
_RECORD_HEADER = struct.Struct("<Q4x")  # length of the record, its checksum
_RECORD_TRAILER = 4


class Run(NamedTuple):
    """A training run that has ended."""

    folder: Path  # single/<ckpt_version>
    screen: str  # what it printed
    config: Config


def make_config(phases: dict[str, dict], **changes) -> Config:
    """The configuration of a small run.

    Args:
        phases: what runs, with what differs from the defaults of these tests.
        changes: of the configuration's own keys.
    """
    small = {"train_batch": BATCH, "patch_size": PATCH, "lr": 1e-3}
    sections = {name: {**small, **section} for name, section in phases.items()}
    return Config.model_validate(
        {
            "seed": 3,
            "device_target": "CPU",
            "ckpt_version": VERSION,
            "train_phases": list(phases),
            **sections,
            **changes,
        }
    )


def run_training(
    config: Config, data_folder: Path, output_folder: Path, init_weight: Path | None = None
) -> Run:
    """Train in this process."""
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        folder = train(
            config=config, data_folder=data_folder, output_folder=output_folder, init_weight=init_weight
        )
    return Run(folder, screen.getvalue(), config)


class _PowerCutError(Exception):
    """Nothing catches it."""


def run_into_power_cut(
    monkeypatch: pytest.MonkeyPatch,
    config: Config,
    data_folder: Path,
    output_folder: Path,
    when: Callable[[callback.RunLog, str], bool],
) -> None:
    """Train in this process until `when` is true of the log and a line of a step that it has written."""
    log_step = callback.RunLog.step

    def cut_off(log: callback.RunLog, line: str) -> None:
        log_step(log, line)
        if when(log, line):
            raise _PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(callback.RunLog, "step", cut_off)
        with pytest.raises(_PowerCutError):
            run_training(config, data_folder, output_folder)


def read_parameters(path: Path) -> dict[str, np.ndarray]:
    """The values in a checkpoint by name."""
    return {name: value.asnumpy() for name, value in ms.load_checkpoint(str(path)).items()}


def assert_same_parameters(first: Path, second: Path) -> None:
    """Two checkpoints hold the same names and, bit for bit, the same values."""
    one, other = read_parameters(first), read_parameters(second)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name].tobytes() != other[name].tobytes()] == []


def assert_same_outcome(folder: Path, expected: Path) -> None:
    """Two runs left the same checkpoints: weights, optimizers and progress are equal bit for bit."""
    names = {path.relative_to(expected) for path in expected.rglob("*.ckpt")}
    assert {path.relative_to(folder) for path in folder.rglob("*.ckpt")} == names
    for name in names:
        assert_same_parameters(folder / name, expected / name)


def latest(run_folder: Path, phase: str, epoch: int) -> Path:
    """The weights saved after an epoch."""
    return run_folder / phase / f"semantic_hm_latest_{epoch}.ckpt"


def read_steps(log: Path) -> list[tuple[int, int, float]]:
    """Epoch, step and loss of each step in a log; a line of any other form must tell of an epoch."""
    steps = []
    for line in log.read_text().splitlines():
        match = STEP_LINE.fullmatch(line)
        if match:
            steps.append((int(match[1]), int(match[2]), float(match[3])))
        else:
            assert line.startswith(tuple(phase.title for phase in PHASES.values())), line
    return steps


def read_epochs(folder: Path, phase: str) -> list[dict[str, str]]:
    """The rows of a phase in metrics.csv."""
    with (folder / "metrics.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["phase"] == phase]


def read_events(folder: Path) -> Iterator[Event]:
    """The records of all TensorBoard files in a folder."""
    for path in sorted(folder.iterdir()):
        content, position = path.read_bytes(), 0
        while position < len(content):
            (length,) = _RECORD_HEADER.unpack_from(content, position)
            position += _RECORD_HEADER.size
            yield Event.FromString(content[position : position + length])
            position += length + _RECORD_TRAILER


class TrainCommand:
    """train.py in a process of its own."""

    def __init__(
        self,
        config: Config,
        data: Path,
        output: Path,
        init_weight: Path | None = None,
    ):
        self.folder = output / "single" / VERSION
        output.mkdir(parents=True, exist_ok=True)
        save_config(config, output / "config.yaml")
        arguments = {
            "yaml_path": output / "config.yaml",
            "data_url": data,
            "train_url": output,
            "init_weight": init_weight,
        }
        flags = [f"--{name}={value}" for name, value in arguments.items() if value]
        self._process = subprocess.Popen(
            [sys.executable, "-c", START, str(ROOT / "train.py"), *flags],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "TrainCommand":
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def signal_when(self, condition: Callable[[], bool], number: signal.Signals) -> tuple[int, str]:
        """Send a signal once a condition holds; returns the exit status and what stderr shows."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self._process.poll() is None, self._process.communicate()[1]
            assert time.monotonic() < deadline, "did not come so far"
            time.sleep(0.01)
        self._process.send_signal(number)
        _, errors = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, errors
