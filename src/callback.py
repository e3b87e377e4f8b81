"""Output of a training run: log files, progress bars and TensorBoard events."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TextIO

import numpy as np

from src.common.errors import UserError
from src.common.lone_module import hidden
from src.common.progress import Progress, say

with hidden("torch"):  # which tensorboardX imports where it is installed, for type hints: it takes seconds
    from tensorboardX import SummaryWriter

LATEST_LOG = "log_latest.txt"
BEST_LOG = "log_best.txt"


class RunLog:
    """Writes each line to the logs of the phase and of the whole run, and to the screen.

    Args:
        run_folder: the folder of the run, with all phases.
        phase_name: the phase's subfolder.
        writes: whether to write files; if not, lines go only to the screen.
    """

    def __init__(self, run_folder: Path, phase_name: str, *, writes: bool = True):
        self._folders = (run_folder / phase_name, run_folder) if writes else ()
        self._latest = [_open(folder / LATEST_LOG) for folder in self._folders]

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, *exception: object) -> None:
        for file in self._latest:
            with contextlib.suppress(OSError):  # a full disk was reported when the line was written
                file.close()

    def step(self, line: str) -> None:
        """Log a step; print it only if no progress bar is shown."""
        self._write(line)
        if not sys.stderr.isatty():
            print(line, flush=True)

    def say(self, line: str) -> None:
        """Log a line and always print it."""
        self._write(line)
        say(line)

    def best(self, line: str) -> None:
        """Log the best epoch so far to the best-epoch logs."""
        for folder in self._folders:
            path = folder / BEST_LOG
            with _naming_failures(path), path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    def _write(self, line: str) -> None:
        for file in self._latest:
            with _naming_failures(file.name):
                file.write(f"{line}\n")


def _open(path: Path) -> TextIO:
    with _naming_failures(path):
        return path.open("a", encoding="utf-8", buffering=1)


@contextlib.contextmanager
def _naming_failures(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written: {error.strerror}; make room or choose another folder, and resume"
        ) from None


class EpochProgress:
    """The progress bar of one epoch, on a terminal: loss, images/s and remaining time."""

    def __init__(self, title: str, images: int):
        self._bar = Progress(title, "image", images, stays=False, logs=False)  # RunLog prints each step

    def __enter__(self) -> "EpochProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.__exit__()

    def advance(self, images: int, loss: float | None = None) -> None:
        """Advance by `images`; `loss` is the step's loss."""
        if loss is not None:
            self._bar.note(f"loss={loss:.4f}")
        self._bar.update(images)


class Events:
    """TensorBoard events of one phase.

    Args:
        folder: the folder for event files.
        first_step: number of steps done so far; events of later steps, left by an interrupted epoch, are
            hidden.
        writes: whether to write files.
    """

    def __init__(self, folder: Path, first_step: int, *, writes: bool = True):
        self._writer = SummaryWriter(str(folder), purge_step=first_step + 1, write_to_disk=writes)

    def __enter__(self) -> "Events":
        return self

    def __exit__(self, *exception: object) -> None:
        self._writer.close()

    def scalars(self, group: str, values: dict[str, float], step: int) -> None:
        """Write named values as group/name."""
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def picture(self, name: str, image: np.ndarray | None, step: int) -> None:
        """Write a BGR (H, W, 3) uint8 image, if not None."""
        if image is None:
            return
        self._writer.add_image(name, image[..., ::-1], step, dataformats="HWC")
