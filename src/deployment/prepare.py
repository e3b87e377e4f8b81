"""From the photos of a split to the runner's input files."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from src.common.atomic_file import atomic_folder, write_bytes
from src.common.errors import UserError
from src.common.process_pool import available_cores, map_unordered
from src.data.split_files import SplitFiles
from src.deployment.runner_files import InputFiles, sample_name
from src.evaluation.report import Sample
from src.images.files import ImageError
from src.images.preprocessing import network_input


def prepare(files: SplitFiles, folder: Path, size: int, mean: Sequence[float]) -> list[str]:
    """Write clip_data, img_data and label; an earlier folder is replaced whole.

    Args:
        files: the split.
        folder: preprocess_Result.
        size: height and width of the network's input.
        mean: subtracted from BGR values, as in training.

    Returns:
        A line for every photo that could not be read and was left out, in the order of the list.

    Raises:
        UserError: no photo could be read, or the folder cannot be written.
    """
    samples = [
        Sample(sample_name(index, files.photo(index)), files.photo(index), files.alpha(index))
        for index in range(len(files))
    ]
    with atomic_folder(folder) as temporary:
        work = partial(_prepare_one, InputFiles(temporary), size, mean)
        results = map_unordered(work, samples, min(available_cores(), len(samples)))
        reason_of = dict(tqdm(results, desc="preparing", unit="image", total=len(samples)))
        skipped = [reason_of[sample] for sample in samples if reason_of[sample]]
        if len(skipped) == len(samples):
            raise UserError(f"no photo could be read, the first: {skipped[0]}")
    return skipped


def _prepare_one(inputs: InputFiles, size: int, mean: Sequence[float], sample: Sample) -> str | None:
    """Write the three files of a sample; returns why that was not possible."""
    try:
        image, _ = sample.read()
    except ImageError as error:
        return str(error)
    write_bytes(inputs.network_input(sample.name), network_input(image, size, mean).tobytes())
    # Copies: a link would let whoever edits a result edit the data set.
    for source, target in (
        (sample.photo, inputs.photo(sample.name, sample.photo.suffix)),
        (sample.true_alpha, inputs.true_alpha(sample.name)),
    ):
        write_bytes(target, source.read_bytes())
    return None
