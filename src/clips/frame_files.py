"""A clip's frames and alphas as single files, paired by name."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from src.data.binary_masks import as_binary
from src.images.decoding import DAMAGE
from src.images.files import ImageError, read_gray, read_image

_READERS = 8  # threads that look at files; on network drives each look takes long
_FORMATS = ("JPEG", "PNG")
_ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}  # MPO: a JPEG and others
_PADDING = 64  # bytes that may lie behind the end


class FrameFiles:
    """Frames of one clip in files.

    Args:
        frames: paths of image and alpha, by the frame's number.
        binary: whether the alphas are masks in a lossy format.
    """

    def __init__(self, frames: Mapping[int, tuple[Path, Path]], binary: bool = False):
        self._frames = frames
        self._binary = binary

    def images(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """Read frames, each BGR (H, W, 3) uint8.

        Raises:
            ImageError: one cannot be read.
        """
        return [read_image(self._frames[number][0]) for number in numbers]

    def alphas(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """Read alphas, each (H, W) uint8.

        Raises:
            ImageError: one cannot be read.
        """
        found = [read_gray(self._frames[number][1]) for number in numbers]
        return [as_binary(mask) for mask in found] if self._binary else found

    def alpha_file(self, number: int) -> Path:
        """The file of a frame's alpha."""
        return self._frames[number][1]

    def check(self) -> tuple[int, int]:
        """Look at the beginning and end of each file, without decoding it.

        Returns:
            Height and width, the same for all.

        Raises:
            ImageError: a file is no JPEG or PNG, is cut off, or has another size than the first.
        """
        files = [path for pair in self._frames.values() for path in pair]
        with ThreadPoolExecutor(_READERS) as pool:
            sizes = list(pool.map(_size_if_whole, files))
        for path, size in zip(files, sizes, strict=True):
            if size != sizes[0]:
                first, other = (f"{width}x{height}" for height, width in (sizes[0], size))
                raise ImageError(f"{path}: is {other}, but {files[0].name} is {first}")
        return sizes[0]


def _size_if_whole(path: Path) -> tuple[int, int]:
    """The height and width that a JPEG or PNG says it has."""
    try:
        with Image.open(path, formats=_FORMATS) as image, path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _PADDING))
            if _ENDS[image.format] not in file.read():
                raise ImageError(f"{path}: is cut off")
            return image.height, image.width
    except UnidentifiedImageError:
        raise ImageError(f"{path}: cannot be read as a JPEG or PNG") from None
    except DAMAGE as error:
        raise ImageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
