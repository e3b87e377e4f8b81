"""Reads photos to calibrate batch normalisations on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src.common.errors import UserError
from src.common.folder_search import search
from src.images.files import ImageError, read_image
from src.images.preprocessing import normalise, resize
from src.images.suffixes import PHOTO_SUFFIXES

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
        (N, 3, size, size) float32, and what could not be searched or read, each with its name.

    Raises:
        UserError: the folder is missing, or contains no photo that can be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give one that holds photos")
    files, _, problems = search(folder, PHOTO_SUFFIXES)
    if not files:
        raise UserError("\n".join([f"{folder}: holds no photo, such as .jpg or .png", *problems]))
    places = np.linspace(0, len(files) - 1, min(count, len(files))).round().astype(int)
    images = []
    for place in places:
        try:
            images.append(normalise(resize(read_image(files[place]), size, size), mean))
        except ImageError as error:
            problems.append(str(error))
    if not images:
        raise UserError(f"{folder}: no photo can be read; {problems[-1]}")
    return np.stack(images), problems
