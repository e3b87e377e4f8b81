"""Evaluation: the mattes of photos with true alpha, measured at the photos' own sizes."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.errors import UserError
from src.common.progress import Progress
from src.common.read_ahead import map_ahead
from src.data.pairs import PhotoWithAlpha
from src.evaluation.report import Measurement, Save, measure, write_matte, write_report
from src.images.files import ImageError
from src.inference.matting import Matting


class Measured(NamedTuple):
    """What became of some photos."""

    measurements: list[Measurement]
    skipped: list[str]  # why a photo could not be read, one line each
    seconds: float  # from the first photo read to the last one measured


def measure_photos(
    matting: Matting,
    samples: Sequence[PhotoWithAlpha],
    on_matte: Callable[[PhotoWithAlpha, np.ndarray, np.ndarray], object] = lambda *_: None,
) -> Measured:
    """Matte and measure photos; reading, the network, and measuring with writing overlap.

    Args:
        matting: what is measured.
        samples: the photos.
        on_matte: called with each sample, its image and its alpha [0, 1], such as to write them.

    Raises:
        UserError: no photo could be read.
    """
    skipped: list[str] = []
    started = time.perf_counter()

    def mattes():
        for sample, found in map_ahead(readers, _try_to_read, samples):
            if isinstance(found, ImageError):
                skipped.append(str(found))
                bar.update()
            else:
                image, true_alpha = found
                yield sample, image, true_alpha, matting(image)

    def finish(found: tuple) -> Measurement:
        sample, image, true_alpha, alpha = found
        on_matte(sample, image, alpha)
        return Measurement(sample, measure(true_alpha, alpha))

    with (
        ThreadPoolExecutor(1) as readers,
        ThreadPoolExecutor(1) as writers,
        Progress("evaluating", "image", len(samples)) as bar,
    ):
        measurements = []
        for measurement in map_ahead(writers, finish, mattes()):
            measurements.append(measurement)
            bar.update()
    if not measurements:
        raise UserError(f"no photo could be read, the first: {skipped[0]}")
    return Measured(measurements, skipped, time.perf_counter() - started)


def evaluate(
    matting: Matting, samples: Sequence[PhotoWithAlpha], output_folder: Path, save: Save
) -> Measured:
    """Measure photos and write what `save` asks for.

    Writes metrics.csv and contact_sheet.png, with 'alpha' also alpha/<name>.png and with 'all' also
    cutout/<name>.png (RGBA).

    Raises:
        UserError: no photo could be read, or the folder cannot be written.
    """
    measured = measure_photos(
        matting,
        samples,
        lambda sample, image, alpha: write_matte(output_folder, sample.name, image, alpha, save),
    )
    write_report(output_folder, measured.measurements, lambda sample, image: matting.matte(image))
    return measured


def _try_to_read(
    sample: PhotoWithAlpha,
) -> tuple[PhotoWithAlpha, tuple[np.ndarray, np.ndarray] | ImageError]:
    try:
        return sample, sample.read()
    except ImageError as error:
        return sample, error
