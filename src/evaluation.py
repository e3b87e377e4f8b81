"""Evaluation on a split: metrics of every photo, mattes, cutouts, the best and the worst in one picture."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from tqdm import tqdm

from src.atomic_file import write_csv
from src.errors import UserError
from src.image_io import ImageError, read_gray, read_image, write_image
from src.metric import METRICS
from src.predictor import Predictor
from src.preprocessing import alpha_to_bytes, alpha_to_float
from src.split_files import SplitFiles
from src.visualise import contact_sheet, cutout, on_checkerboard

METRICS_FILE = "metrics.csv"
CONTACT_SHEET_FILE = "contact_sheet.png"
_SHEET_ROWS = 8
_SHEET_TITLES = ("photo", "true alpha", "predicted trimap", "predicted alpha", "cutout")

Save = Literal["none", "alpha", "all"]


class Measurement(NamedTuple):
    """The metrics of one photo."""

    index: int  # in the split
    values: dict[str, float]  # by the names of METRICS


def evaluate(
    predictor: Predictor, files: SplitFiles, output_folder: Path, save: Save
) -> tuple[list[Measurement], list[str], float]:
    """Measure every photo of a split at its own size and write what `save` asks for.

    Writes metrics.csv and contact_sheet.png, with 'alpha' also alpha/<name>.png and with 'all' also
    cutout/<name>.png (RGBA).

    Returns:
        The measurements; a line for every photo that could not be read and was left out; and the seconds
        from the first photo read to the last matte written.

    Raises:
        UserError: no photo could be read, or the folder cannot be written.
    """
    skipped: list[str] = []
    started = time.perf_counter()
    measurements = list(_measure_all(predictor, files, output_folder, save, skipped))
    seconds = time.perf_counter() - started
    if not measurements:
        raise UserError(f"no photo could be read, the first: {skipped[0]}")
    _write_metrics(output_folder / METRICS_FILE, files, measurements)
    write_image(output_folder / CONTACT_SHEET_FILE, _best_and_worst(predictor, files, measurements))
    return measurements, skipped, seconds


def averages(measurements: Sequence[Measurement]) -> dict[str, float]:
    """The mean of each metric over the photos."""
    return {name: float(np.mean([each.values[name] for each in measurements])) for name in METRICS}


def _measure_all(
    predictor: Predictor, files: SplitFiles, output_folder: Path, save: Save, skipped: list[str]
) -> Iterator[Measurement]:
    for index in tqdm(range(len(files)), desc="evaluating", unit="image"):
        try:
            image, true_alpha = _read(files, index)
        except ImageError as error:
            skipped.append(str(error))
            continue
        alpha = predictor(image).alpha
        if save != "none":
            write_image(output_folder / "alpha" / files.names[index], alpha_to_bytes(alpha))
        if save == "all":
            write_image(output_folder / "cutout" / files.names[index], cutout(image, alpha_to_bytes(alpha)))
        true_alpha = alpha_to_float(true_alpha)
        yield Measurement(index, {name: metric(alpha, true_alpha) for name, metric in METRICS.items()})


def _read(files: SplitFiles, index: int) -> tuple[np.ndarray, np.ndarray]:
    image, alpha = read_image(files.photo(index)), read_gray(files.alpha(index))
    if alpha.shape != image.shape[:2]:
        raise ImageError(f"{files.alpha(index)}: has another size than its photo {files.photo(index)}")
    return image, alpha


def _write_metrics(path: Path, files: SplitFiles, measurements: Sequence[Measurement]) -> None:
    rows = (
        (files.names[each.index], *(f"{each.values[name]:.6f}" for name in METRICS)) for each in measurements
    )
    write_csv(path, ("image", *METRICS), rows)


def _best_and_worst(
    predictor: Predictor, files: SplitFiles, measurements: Sequence[Measurement]
) -> np.ndarray:
    """The photos with the lowest SAD on the left, with the highest on the right, at most eight of each."""
    by_sad = sorted(measurements, key=lambda each: each.values["sad"])
    rows = min(_SHEET_ROWS, -(-len(by_sad) // 2))
    best, worst = by_sad[:rows], by_sad[rows:][::-1][:rows]
    blocks = [("best", best), ("worst", worst)]
    sheets = [_sheet(predictor, files, title, chosen) for title, chosen in blocks if chosen]
    height = max(sheet.shape[0] for sheet in sheets)
    padded = [np.pad(s, ((0, height - s.shape[0]), (0, 0), (0, 0)), constant_values=255) for s in sheets]
    return np.hstack(padded)


def _sheet(predictor: Predictor, files: SplitFiles, title: str, chosen: Sequence[Measurement]) -> np.ndarray:
    rows, captions = [], []
    for each in chosen:
        image, true_alpha = _read(files, each.index)
        trimap, alpha = predictor(image)
        alpha = alpha_to_bytes(alpha)
        rows.append((image, true_alpha, trimap, alpha, on_checkerboard(image, alpha)))
        captions.append(f"SAD {each.values['sad']:.2f}")
    return contact_sheet(rows, (f"{title}: {_SHEET_TITLES[0]}", *_SHEET_TITLES[1:]), captions)
