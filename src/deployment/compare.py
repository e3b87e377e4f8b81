"""Compares the C++ runner with the network in Python, on the same inputs: SAD, time and alpha values."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.atomic_file import write_csv
from src.common.errors import UserError
from src.common.progress import track
from src.data.pairs import PhotoWithAlpha
from src.deployment.runner_files import INPUTS, OUTPUTS, TIMES, InputFiles, read_float32, read_outputs
from src.engines.engine import ALPHA, INPUT, Engine
from src.images.contact_sheet import contact_sheet
from src.images.files import write_image
from src.images.preprocessing import alpha_to_bytes, alpha_to_float
from src.inference.outputs import Outputs
from src.inference.protocol import PUBLISHED
from src.inference.steps import Matte, MattingSteps
from src.metric import sad

TABLE_FILE = "runner.csv"
PICTURE_FILE = "runner.png"
_PICTURE_ROWS = 8


class PhotoComparison(NamedTuple):
    """The results of Python and the runner for one photo."""

    name: str
    python_sad: float
    runner_sad: float
    largest_difference: float  # between alpha values [0, 1], at the network's size
    python_milliseconds: float


class Comparison(NamedTuple):
    """The results of Python and the runner for all photos."""

    photos: list[PhotoComparison]
    runner_milliseconds: float  # median time of the network

    def python_milliseconds(self) -> float:
        """Median time of the network in Python."""
        return float(np.median([photo.python_milliseconds for photo in self.photos]))

    def table(self) -> str:
        """Format mean SAD, median time and the largest difference as text."""
        python_sad = np.mean([photo.python_sad for photo in self.photos])
        runner_sad = np.mean([photo.runner_sad for photo in self.photos])
        difference = max(photo.largest_difference for photo in self.photos)
        return (
            f"{f'{len(self.photos)} photos':24}{'Python':>12}{'C++ runner':>12}\n"
            f"{'ave sad':24}{python_sad:12.4f}{runner_sad:12.4f}\n"
            f"{'network, median ms':24}{self.python_milliseconds():12.1f}{self.runner_milliseconds:12.1f}\n"
            f"largest difference of any alpha: {difference:.1e}"
        )


def compare(engine: Engine, folder: Path, output_folder: Path) -> Comparison:
    """Run the network on the runner's inputs and compare the results; writes runner.csv and runner.png.

    Args:
        engine: the network with the exported weights.
        folder: the folder with the results of run_infer_cpp.sh.
        output_folder: the folder for the table of all photos and the picture of the first eight.

    Raises:
        UserError: a file of the runner is missing or unusable, or the folder cannot be written.
    """
    runner_milliseconds = _read_median(folder / TIMES)
    inputs = InputFiles(folder / INPUTS)
    steps, size = MattingSteps(engine.info, PUBLISHED), engine.info.size
    shape = (1, 3, size, size)
    engine.run({INPUT: np.zeros(shape, np.float32)})  # compile before timing
    photos, rows = [], []
    for path in track(inputs.photos(), "comparing", "image", len(inputs.photos())):
        sample = PhotoWithAlpha(path.stem, path, inputs.true_alpha(path.stem))
        image, true_alpha = sample.read()
        network_input = {INPUT: read_float32(inputs.network_input(sample.name), shape)}
        started = time.perf_counter()
        outputs = engine.run(network_input)
        milliseconds = 1000 * (time.perf_counter() - started)
        runner_outputs = read_outputs(folder / OUTPUTS, sample.name, size)
        mattes = [steps.finish(image, Outputs([each])) for each in (outputs, runner_outputs)]
        sads = [sad(matte.alpha, alpha_to_float(true_alpha)) for matte in mattes]
        difference = float(np.abs(outputs[ALPHA] - runner_outputs[ALPHA]).max())
        photos.append(PhotoComparison(sample.name, *sads, difference, milliseconds))
        if len(rows) < _PICTURE_ROWS:
            rows.append(_row(image, true_alpha, mattes))
    comparison = Comparison(photos, runner_milliseconds)
    write_csv(output_folder / TABLE_FILE, PhotoComparison._fields, photos)
    write_image(output_folder / PICTURE_FILE, _picture(rows, comparison))
    return comparison


def _read_median(folder: Path) -> float:
    path = folder / "test_perform_static.txt"
    try:
        return float(re.search(r"^median ([\d.]+) ms", path.read_text(), re.MULTILINE)[1])
    except (OSError, TypeError):
        raise UserError(f"{path}: cannot be read; run run_infer_cpp.sh first") from None


def _row(image: np.ndarray, true_alpha: np.ndarray, mattes: Sequence[Matte]) -> tuple[np.ndarray, ...]:
    return (image, true_alpha, *(alpha_to_bytes(matte.alpha) for matte in mattes))


def _picture(rows: Sequence[Sequence[np.ndarray]], comparison: Comparison) -> np.ndarray:
    titles = (
        "photo",
        "true alpha",
        f"Python, {comparison.python_milliseconds():.0f} ms",
        f"C++ runner, {comparison.runner_milliseconds:.0f} ms",
    )
    captions = [
        f"SAD {photo.python_sad:.2f}, {photo.runner_sad:.2f}" for photo in comparison.photos[: len(rows)]
    ]
    return contact_sheet(rows, titles, captions)
