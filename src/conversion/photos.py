"""Reads photos to calibrate batch normalisations on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src.common.errors import UserError
from src.images.files import ImageError, read_image
from src.images.preprocessing import normalise, resize
from src.inference.jobs import PHOTO_SUFFIXES

MOST_PHOTOS = 16


def read_photos(
    folder: str | Path, *, size: int, mean: Sequence[float], count: int = MOST_PHOTOS
) -> tuple[np.ndarray, list[str]]:
    """Read photos of a folder as network inputs, evenly spread over its sorted files.

    Args:
        folder: searched at any depth; hidden files are ignored.
        size: height and width to resize the photos to, in pixels.
        mean: subtracted from BGR values 0..255.
        count: maximum number of photos.

    Returns:
        (N, 3, size, size) float32, and one line for each photo that could not be read, with the reason.

    Raises:
        UserError: the folder is missing, or contains no photo that can be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give a folder of photos")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    files = [path for path in files if path.is_file() and not _is_hidden(path.relative_to(folder))]
    if not files:
        raise UserError(f"{folder}: holds no photo ({', '.join(PHOTO_SUFFIXES)})")
    places = np.linspace(0, len(files) - 1, min(count, len(files))).round().astype(int)
    images, problems = [], []
    for place in places:
        try:
            images.append(normalise(resize(read_image(files[place]), size, size), mean))
        except ImageError as error:
            problems.append(str(error))
    if not images:
        raise UserError(f"{folder}: no photo can be read; {problems[0]}")
    return np.stack(images), problems


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
