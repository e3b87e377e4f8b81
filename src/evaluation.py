"""Evaluation of a network on a split."""

import time
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from src.errors import UserError
from src.image_io import ImageError
from src.predictor import Predictor
from src.report import Measurement, Sample, Save, measure, write_matte, write_report
from src.split_files import SplitFiles


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
    write_report(output_folder, measurements, lambda sample, image: predictor(image))
    return measurements, skipped, seconds


def _measure_all(
    predictor: Predictor, files: SplitFiles, output_folder: Path, save: Save, skipped: list[str]
) -> Iterator[Measurement]:
    for index in tqdm(range(len(files)), desc="evaluating", unit="image"):
        sample = Sample(files.names[index], files.photo(index), files.alpha(index))
        try:
            image, true_alpha = sample.read()
        except ImageError as error:
            skipped.append(str(error))
            continue
        alpha = predictor(image).alpha
        write_matte(output_folder, sample.name, image, alpha, save)
        yield Measurement(sample, measure(true_alpha, alpha))
