"""Small training runs for tests, and reading what they leave behind."""

import contextlib
import csv
import io
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tensorboardX.proto.event_pb2 import Event

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms

from src.config import Config
from src.phases import PHASES
from train import train

VERSION = "small"
PATCH = 32
BATCH = 4
STEP_LINE = re.compile(r"train epoch: (\d+) step: (\d+), loss: (\d+\.\d+), speed: (\d+\.\d+(?:e-\d+)?)")
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
        folder = train(config, str(data_folder), str(output_folder), init_weight and str(init_weight))
    return Run(folder, screen.getvalue(), config)


def read_parameters(path: Path) -> dict[str, np.ndarray]:
    """The values in a checkpoint by name."""
    return {name: value.asnumpy() for name, value in ms.load_checkpoint(str(path)).items()}


def assert_same_parameters(first: Path, second: Path) -> None:
    """Two checkpoints hold the same names and, bit for bit, the same values."""
    one, other = read_parameters(first), read_parameters(second)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name].tobytes() != other[name].tobytes()] == []


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
