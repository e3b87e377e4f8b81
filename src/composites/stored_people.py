"""People cut out of photos: their foreground colours are estimated once, and kept in RGBA files."""

import functools
import zlib
from pathlib import Path

import numpy as np

from src.common.errors import UserError
from src.common.progress import say
from src.composites.people import read_person
from src.data.pairs import PhotoWithAlpha
from src.images.files import ImageError, write_image

FOREGROUNDS = "foregrounds"  # folder of the estimates, beside the photos


def read_stored_person(files: PhotoWithAlpha, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the foreground colours and the alpha of a person in a photo.

    Args:
        files: the photo and its alpha.
        folder: where the estimate is kept. Its file is named after the content of both files. Where it cannot
            be written, that is said once, and colours are estimated each time.

    Returns:
        Colours BGR (H, W, 3) and alpha (H, W), both uint8.

    Raises:
        ImageError: as for `read_person`.
    """
    stored = folder / f"{files.name}-{_checksum(files):08x}.png"
    if stored.is_file():
        return PhotoWithAlpha(files.name, stored, None).read()
    person = read_person(files)
    try:
        write_image(stored, np.dstack([person.foreground, person.alpha]))
    except UserError as error:
        _tell(folder, str(error))
    return person.foreground, person.alpha


def _checksum(files: PhotoWithAlpha) -> int:
    checksum = 0
    for path in filter(None, (files.photo, files.alpha)):
        try:
            checksum = zlib.crc32(path.read_bytes(), checksum)
        except OSError as error:
            raise ImageError(f"{path}: cannot be read: {error.strerror}") from None
    return checksum


@functools.cache
def _tell(folder: Path, reason: str) -> None:
    say(f"{folder}: foreground colours cannot be kept here and are estimated each time: {reason}")
