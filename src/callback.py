"""What accompanies a training run: log files, progress on the screen, TensorBoard events."""

import contextlib
import sys
from pathlib import Path
from types import TracebackType

import numpy as np
from tensorboardX import SummaryWriter
from tqdm import tqdm

LATEST_LOG = "log_latest.txt"
BEST_LOG = "log_best.txt"


class RunLog:
    """Writes each line to the logs of the phase and of the whole run, and to the screen.

    Args:
        run_folder: of the run, all phases.
        phase_name: the sub folder of the phase.
        writes: whether to write files; else lines go to the screen alone.
    """

    def __init__(self, run_folder: Path, phase_name: str, *, writes: bool = True):
        self._folders = (run_folder / phase_name, run_folder) if writes else ()
        self._latest = [
            (folder / LATEST_LOG).open("a", encoding="utf-8", buffering=1) for folder in self._folders
        ]

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, *exception: object) -> None:
        for file in self._latest:
            with contextlib.suppress(OSError):  # a full disk was reported when the line was written
                file.close()

    def step(self, line: str) -> None:
        """Record a step; on the screen only where no progress bar shows it."""
        self._write(line)
        if not sys.stderr.isatty():
            print(line, flush=True)

    def say(self, line: str) -> None:
        """Record what people should see."""
        self._write(line)
        tqdm.write(line)

    def best(self, line: str) -> None:
        """Record the best epoch so far."""
        for folder in self._folders:
            with (folder / BEST_LOG).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

    def _write(self, line: str) -> None:
        for file in self._latest:
            file.write(f"{line}\n")


class EpochProgress:
    """The progress bar of one epoch on a terminal: loss, images/s and the time left."""

    def __init__(self, title: str, images: int):
        self._bar = tqdm(total=images, desc=title, unit="image", leave=False, disable=not sys.stderr.isatty())

    def __enter__(self) -> "EpochProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self, images: int, loss: float | None = None) -> None:
        """Count images; `loss` is that of the step."""
        if loss is not None:
            self._bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
        self._bar.update(images)


class Events:
    """TensorBoard events of one phase.

    Args:
        folder: where the event files go.
        first_step: steps from here on are written anew after a resume; what an interrupted epoch left
            behind is hidden.
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
        """Write a BGR (H, W, 3) uint8 image, where there is one."""
        if image is None:
            return
        self._writer.add_image(name, image[..., ::-1], step, dataformats="HWC")
