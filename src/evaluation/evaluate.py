"""Evaluation of a network on a split."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from src.common.errors import UserError
from src.common.read_ahead import map_ahead
from src.data.split_files import SplitFiles
from src.evaluation.report import Measurement, Sample, Save, measure, write_matte, write_report
from src.images.files import ImageError
from src.inference.predictor import Predictor


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
    """Reading, network, and measuring with writing overlap."""
    samples = [Sample(name, files.photo(index), files.alpha(index)) for index, name in enumerate(files.names)]

    def predicted() -> Iterator[tuple[Sample, np.ndarray, np.ndarray, np.ndarray]]:
        for sample, found in map_ahead(readers, _try_to_read, samples):
            if isinstance(found, ImageError):
                skipped.append(str(found))
                bar.update()
            else:
                image, true_alpha = found
                yield sample, image, true_alpha, predictor(image).alpha

    def finish(found: tuple[Sample, np.ndarray, np.ndarray, np.ndarray]) -> Measurement:
        sample, image, true_alpha, alpha = found
        write_matte(output_folder, sample.name, image, alpha, save)
        return Measurement(sample, measure(true_alpha, alpha))

    with (
        ThreadPoolExecutor(1) as readers,
        ThreadPoolExecutor(1) as writers,
        tqdm(total=len(samples), desc="evaluating", unit="image") as bar,
    ):
        for measurement in map_ahead(writers, finish, predicted()):
            bar.update()
            yield measurement


def _try_to_read(sample: Sample) -> tuple[Sample, tuple[np.ndarray, np.ndarray] | ImageError]:
    try:
        return sample, sample.read()
    except ImageError as error:
        return sample, error
