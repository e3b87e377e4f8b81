"""Evaluation: mattes compared with true alpha, at the photos' own sizes."""

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
from src.inference.cutout import naming_failures
from src.inference.matting import Matting


class Measured(NamedTuple):
    """The result of measuring a list of photos."""

    measurements: list[Measurement]
    skipped: list[str]  # one line for each photo that could not be read, with the reason
    seconds: float  # from reading the first photo to measuring the last one


def measure_photos(
    matting: Matting,
    samples: Sequence[PhotoWithAlpha],
    on_matte: Callable[[PhotoWithAlpha, np.ndarray, np.ndarray], object] = lambda *_: None,
    predict: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> Measured:
    """Matte and measure photos; reading, inference, and measuring with writing run in parallel.

    Args:
        matting: the matting to measure.
        samples: the photos with their true alphas.
        on_matte: called with each sample, its image BGR (H, W, 3) uint8 and its predicted alpha (H, W) in
            [0, 1], for example to write them.
        predict: takes an image and its true alpha (H, W) uint8 and returns the alpha to measure; None: that
            of `matting`.

    Raises:
        UserError: no photo could be read.
    """
    skipped: list[str] = []
    started = time.perf_counter()

    def mattes():
        for sample, found in map_ahead(readers, _try_to_read, samples):
            try:
                if isinstance(found, ImageError):
                    raise found
                image, true_alpha = found
                with naming_failures(sample.photo):
                    alpha = predict(image, true_alpha) if predict else matting(image)
            except ImageError as error:
                skipped.append(str(error))
                bar.update()
            else:
                yield sample, image, true_alpha, alpha

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
    """Measure photos and write the results.

    Always writes metrics.csv and contact_sheet.png.

    Args:
        matting: the matting to measure.
        samples: the photos with their true alphas.
        output_folder: the folder to write to.
        save: 'none'; 'alpha' to write alpha/<name>.png as well; 'all' for these and cutout/<name>.png (RGBA).

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
