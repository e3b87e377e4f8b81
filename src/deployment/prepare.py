"""Makes the runner's input files from the photos of a split."""

from functools import partial
from pathlib import Path

from src.common.atomic_file import BadNameError, atomic_folder, write_bytes
from src.common.errors import UserError
from src.common.process_pool import available_cores, map_unordered
from src.common.progress import track
from src.data.pairs import PhotoWithAlpha
from src.data.split_files import SplitFiles
from src.deployment.runner_files import InputFiles, sample_name
from src.description.model_info import ModelInfo
from src.engines.engine import INPUT
from src.images.files import ImageError
from src.inference.cutout import naming_failures
from src.inference.protocol import PUBLISHED
from src.inference.steps import MattingSteps


def prepare(files: SplitFiles, folder: Path, info: ModelInfo) -> list[str]:
    """Write the subfolders clip_data, img_data and label; an existing folder is replaced as a whole.

    Args:
        files: the split.
        folder: the folder to write, preprocess_Result.
        info: the model's metadata.

    Returns:
        One line for each photo that could not be read and was left out, in the order of the list.

    Raises:
        UserError: no photo could be read, or the folder cannot be written.
    """
    samples = [
        PhotoWithAlpha(sample_name(index, files.photo(index)), files.photo(index), files.alpha(index))
        for index in range(len(files))
    ]
    with atomic_folder(folder) as temporary:
        work = partial(_prepare_one, InputFiles(temporary), MattingSteps(info, PUBLISHED))
        results = map_unordered(work, samples, min(available_cores(), len(samples)))
        reason_of = dict(track(results, "preparing", "image", len(samples)))
        skipped = [reason_of[sample] for sample in samples if reason_of[sample]]
        if len(skipped) == len(samples):
            raise UserError(f"no photo could be read, the first: {skipped[0]}")
    return skipped


def _prepare_one(inputs: InputFiles, steps: MattingSteps, sample: PhotoWithAlpha) -> str | None:
    """Write the three files of a sample; return the reason if its photo cannot be read."""
    try:
        image, _ = sample.read()
        with naming_failures(sample.photo):
            [arrays] = steps.prepare(image)
        # Copies: a link would let whoever edits a result edit the data set. The photo has the longest name.
        write_bytes(inputs.photo(sample.name, sample.photo.suffix), sample.photo.read_bytes())
        write_bytes(inputs.true_alpha(sample.name), sample.alpha.read_bytes())
        write_bytes(inputs.network_input(sample.name), arrays[INPUT].tobytes())
    except (ImageError, BadNameError) as error:
        return str(error)
    return None
