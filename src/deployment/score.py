"""Makes mattes, pictures and metrics from the runner's output files."""

from functools import partial
from pathlib import Path

import numpy as np

from src.common.atomic_file import atomic_folder
from src.common.errors import UserError
from src.common.process_pool import available_cores, map_unordered
from src.common.progress import track
from src.data.pairs import PhotoWithAlpha
from src.deployment.runner_files import InputFiles, OutputError, read_outputs
from src.description.model_info import ModelInfo
from src.evaluation.report import Measurement, measure, write_matte, write_report
from src.images.blending import on_checkerboard
from src.images.files import ImageError, PictureSizeError, write_image
from src.images.preprocessing import alpha_to_bytes
from src.inference.cutout import naming_failures
from src.inference.outputs import Outputs
from src.inference.protocol import PUBLISHED
from src.inference.steps import Matte, MattingSteps


def score(
    input_folder: Path, output_folder: Path, result_folder: Path, info: ModelInfo
) -> tuple[list[Measurement], list[str]]:
    """Measure the runner's alphas at the photos' own sizes and write the results.

    Writes <name>.jpg (the person on a checkerboard), alpha/<name>.png, cutout/<name>.png (RGBA), metrics.csv
    and contact_sheet.png. An existing `result_folder` is replaced as a whole.

    Args:
        input_folder: the folder preprocess_Result.
        output_folder: the runner's output folder, result_Files.
        result_folder: the folder to write, postprocess_Result.
        info: the model's metadata.

    Returns:
        The measurements, and one line for each photo that was left out, both in the order of the list.

    Raises:
        UserError: no result can be used, or the folder cannot be written.
    """
    inputs = InputFiles(input_folder)
    photos = inputs.photos()
    samples = [PhotoWithAlpha(f"{photo.stem}.png", photo, inputs.true_alpha(photo.stem)) for photo in photos]
    matte_of = partial(_read_matte, output_folder, MattingSteps(info, PUBLISHED))
    with atomic_folder(result_folder) as temporary:
        work = partial(_score_one, matte_of, temporary)
        results = map_unordered(work, samples, min(available_cores(), len(samples)))
        found = dict(track(results, "measuring", "image", len(samples)))
        measurements = [Measurement(each, found[each]) for each in samples if isinstance(found[each], dict)]
        skipped = [found[each] for each in samples if isinstance(found[each], str)]
        if not measurements:
            raise UserError(f"no result could be used, the first: {skipped[0]}")
        write_report(temporary, measurements, matte_of)
    return measurements, skipped


def _score_one(matte_of: partial, folder: Path, sample: PhotoWithAlpha) -> dict[str, float] | str:
    """Write the pictures of a sample; return its metrics, or the reason if it cannot be used."""
    try:
        image, true_alpha = sample.read()
        with naming_failures(sample.photo):
            alpha = matte_of(sample, image).alpha
        picture = on_checkerboard(image, alpha_to_bytes(alpha))
        write_image(folder / f"{sample.photo.stem}.jpg", picture)
    except PictureSizeError:
        size = f"{image.shape[1]}x{image.shape[0]}"
        return f"{sample.photo}: {size} pixels are too large for its picture, a JPEG; make the photo smaller"
    except (ImageError, OutputError) as error:
        return str(error)
    write_matte(folder, sample.name, image, alpha, "all")
    return measure(true_alpha, alpha)


def _read_matte(output_folder: Path, steps: MattingSteps, sample: PhotoWithAlpha, image: np.ndarray) -> Matte:
    return steps.finish(image, Outputs([read_outputs(output_folder, sample.photo.stem, steps.info.size)]))
