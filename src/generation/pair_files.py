"""Makes the files of one pair, decoding each source file only once."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.data.pairs import size_text
from src.generation.file_links import link_or_copy
from src.generation.folder import ALPHA, CLIP_IMG, MASK, MATTING, TRIMAP, path_in_split
from src.generation.pairing import MATTING_FOLDER, PHOTO_FOLDER, Pair, SkippedFile
from src.generation.pixel_sums import PixelSums
from src.images.decoding import PassingImageError
from src.images.files import ImageError, read_alpha_channel, read_image, write_image
from src.images.trimap import make_trimap


@dataclass(frozen=True)
class PairTask:
    """What to make from a pair."""

    pair: Pair
    source: Path  # the folder that contains clip_img and matting
    save: Path  # the folder of the data set
    split: str
    wanted: frozenset[str]  # kinds of files
    kernel_size: int  # of the trimap, in pixels


@dataclass(frozen=True)
class PairResult:
    """The result for a pair: the file that caused it to be skipped, or its pixel sums."""

    skipped: SkippedFile | None = None
    photo: PixelSums | None = None
    trimap: PixelSums | None = None


def make_pair(task: PairTask) -> PairResult:
    """Check a pair and write the files wanted; an unusable source is reported in the result.

    Raises:
        UserError: a file cannot be written.
    """
    photo, alpha, skipped = _read(task)
    if skipped:
        return PairResult(skipped)
    for kind, folder, file in (
        (CLIP_IMG, PHOTO_FOLDER, task.pair.photo),
        (MATTING, MATTING_FOLDER, task.pair.matting),
    ):
        if kind in task.wanted:
            link_or_copy(task.source / folder / file, _target(task, kind))
    _write_alpha(task, alpha)
    trimap = make_trimap(alpha, task.kernel_size)
    if TRIMAP in task.wanted:
        write_image(_target(task, TRIMAP), trimap)
    return PairResult(photo=PixelSums.of(photo), trimap=PixelSums.of(trimap))


def _read(task: PairTask) -> tuple[np.ndarray | None, np.ndarray | None, SkippedFile | None]:
    """Read photo (H, W, 3) and alpha (H, W), or return the file that cannot be used."""
    images = []
    for read, file in (
        (read_image, f"{PHOTO_FOLDER}/{task.pair.photo}"),
        (read_alpha_channel, f"{MATTING_FOLDER}/{task.pair.matting}"),
    ):
        path = task.source / file
        try:
            images.append(read(path))
        except ImageError as error:
            reason = str(error).removeprefix(f"{path}: ")
            return None, None, SkippedFile(file, reason, isinstance(error, PassingImageError))
    photo, alpha = images
    if photo.shape[:2] != alpha.shape:
        reason = f"is {size_text(photo)} pixels, but its matting is {size_text(alpha)}"
        return None, None, SkippedFile(f"{PHOTO_FOLDER}/{task.pair.photo}", reason)
    return photo, alpha, None


def _write_alpha(task: PairTask, alpha: np.ndarray) -> None:
    """Write mask and alpha, which have the same content: if both are wanted, they share one file."""
    mask_file, alpha_file = _target(task, MASK), _target(task, ALPHA)
    if MASK in task.wanted:
        write_image(mask_file, alpha)
    if {MASK, ALPHA} <= task.wanted:
        link_or_copy(mask_file, alpha_file)
    elif ALPHA in task.wanted:
        write_image(alpha_file, alpha)


def _target(task: PairTask, kind: str) -> Path:
    return task.save / task.split / path_in_split(kind, task.pair)
