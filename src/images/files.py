"""Reads and writes images; the only module that does.

Images are NumPy arrays (H, W, 3) uint8 in BGR order; mattes and masks are (H, W) uint8.
"""

import functools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from src.common.atomic_file import write_bytes
from src.common.errors import UserError
from src.images.blending import blend
from src.images.colour import alpha_channel, converted, to_rgb
from src.images.decoding import DAMAGE, ImageError, PassingImageError, load_picture
from src.images.depth import to_eight_bits

__all__ = [
    "ImageError",
    "Photo",
    "PictureSizeError",
    "decode_photo",
    "read_alpha_channel",
    "read_gray",
    "read_image",
    "read_photo",
    "write_image",
]

PLAIN = (255, 255, 255)  # BGR, behind photos with alpha; of the colours tried, white gives the best mattes

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


class PictureSizeError(UserError):
    """A picture is too large for the format of its file; the message names it."""


class Photo(NamedTuple):
    """A photo as stored in its file."""

    colours: np.ndarray  # (H, W, 3) uint8, BGR, sRGB; arbitrary where alpha is 0
    alpha: np.ndarray | None  # (H, W) uint8; None: opaque
    remarks: tuple[str, ...]  # messages for the user, such as that the file holds several pictures

    def seen(self) -> np.ndarray:
        """The photo over a plain colour: (H, W, 3) uint8, BGR."""
        if self.alpha is None:
            return self.colours
        return blend(self.colours, np.broadcast_to(np.uint8(PLAIN), self.colours.shape), self.alpha)


def read_photo(path: str | Path) -> Photo:
    """Read a photo of any kind, with its EXIF orientation applied.

    Grey, palette, CMYK, 16-bit and floating-point files and other colour profiles are converted.

    Raises:
        ImageError: the file is missing, truncated, damaged, too large or not an image.
    """

    (colours, alpha), remarks = _decode(path, _colours_and_alpha)
    return Photo(colours, alpha, remarks)


def decode_photo(content: bytes, most_pixels: int) -> Photo:
    """As `read_photo`, of what a file holds.

    Raises:
        ImageError: it is damaged, not an image, or says it has too many pixels; the message has no name.
    """
    remarks: list[str] = []
    try:
        with load_picture(content, remarks, most_pixels) as image:
            return Photo(*_colours_and_alpha(image, remarks), tuple(remarks))
    except UnidentifiedImageError:
        raise ImageError("is not a photo of a kind that can be read, such as JPEG or PNG") from None
    except DAMAGE as error:
        raise ImageError(f"cannot be read as an image: {error}") from error


def _colours_and_alpha(image: Image.Image, remarks: list[str]) -> tuple[np.ndarray, np.ndarray | None]:
    """See `Photo`."""
    alpha = alpha_channel(image)
    colours = cv2.cvtColor(np.asarray(to_rgb(to_eight_bits(image, remarks), remarks)), cv2.COLOR_RGB2BGR)
    opacity = None if alpha is None else np.asarray(alpha)
    return colours, None if opacity is None or opacity.min() == 255 else opacity


def read_image(path: str | Path) -> np.ndarray:
    """Read a photo as it is displayed: over a plain colour where it is transparent. Remarks are logged.

    Returns:
        (H, W, 3) uint8, BGR, sRGB.

    Raises:
        ImageError: as `read_photo`.
    """
    photo = read_photo(path)
    _tell(path, photo.remarks)
    return photo.seen()


def read_gray(path: str | Path) -> np.ndarray:
    """Read a mask, trimap or alpha file as (H, W) uint8; errors and remarks as `read_image`."""

    def convert(image: Image.Image, remarks: list[str]) -> np.ndarray:
        return np.asarray(converted(to_eight_bits(image, remarks), "L"))

    gray, remarks = _decode(path, convert)
    _tell(path, remarks)
    return gray


def read_alpha_channel(path: str | Path) -> np.ndarray:
    """Read the alpha channel of a matting file as (H, W) uint8, 0 background to 255 foreground.

    Raises:
        ImageError: as `read_photo`, or the file has no alpha channel.
    """

    def convert(image: Image.Image, remarks: list[str]) -> np.ndarray:
        alpha = alpha_channel(image)
        if alpha is None:
            raise ImageError(f"has no alpha channel (mode {image.mode}); a matting file is RGBA")
        return np.asarray(alpha)

    alpha, remarks = _decode(path, convert)
    _tell(path, remarks)
    return alpha


def write_image(path: str | Path, image: np.ndarray, jpeg_quality: int = 95) -> None:
    """Write (H, W), (H, W, 3) BGR or (H, W, 4) BGRA uint8 atomically, in the format of the suffix.

    Raises:
        PictureSizeError: the format has no pictures of this size; JPEG ends at 65,500 pixels to a side.
        UserError: the format is unknown, the folder is not writable or the disk is full.
    """
    suffix = Path(path).suffix.lower()
    # PNG keeps OpenCV's default: a third of the time of any explicit level, for a tenth more bytes.
    options = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality] if suffix in (".jpg", ".jpeg") else []
    try:
        is_encoded, encoded = cv2.imencode(suffix, image, options)
    except cv2.error as error:
        raise UserError(f"{path}: an image cannot be written as '{suffix}'; use .png or .jpg") from error
    if not is_encoded:
        height, width = image.shape[:2]
        raise PictureSizeError(
            f"{path}: a picture of {width}x{height} pixels is too large for '{suffix}'; make it "
            "smaller, or use .png"
        )
    write_bytes(path, encoded.tobytes())


def _decode(
    path: str | Path, convert: Callable[[Image.Image, list[str]], Result]
) -> tuple[Result, tuple[str, ...]]:
    remarks: list[str] = []
    try:
        with load_picture(Path(path), remarks) as image:
            return convert(image, remarks), tuple(remarks)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file") from None
    except MemoryError:
        raise PassingImageError(f"{path}: cannot be read: not enough memory") from None
    except DAMAGE as error:
        kind = PassingImageError if getattr(error, "errno", None) else ImageError  # Pillow's own have none
        raise kind(f"{path}: cannot be read as an image: {error}") from error


def _tell(path: str | Path, remarks: tuple[str, ...]) -> None:
    for remark in remarks:
        _tell_once(f"{path}: {remark}")


@functools.lru_cache(maxsize=4096)
def _tell_once(remark: str) -> None:
    """Log a remark only once, although training reads each photo many times."""
    _log.warning(remark)
