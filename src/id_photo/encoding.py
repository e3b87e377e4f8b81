"""Files of ID photos: with their dots per inch, and within limits of kilobytes."""

import io

import cv2
import numpy as np
from PIL import Image

from src.common.errors import UserError

_BEST, _WORST = 95, 60  # qualities of JPEG
_COMMENT = b"\xff\xfe"  # the marker of a comment, which fills a file that is too small
_MOST_PER_KB, _LEAST_PER_KB = 1000, 1024  # bytes: the stricter kilobyte of each limit
_MOST_COMMENT = 65533  # bytes


def encode(
    picture: np.ndarray, dpi: int, suffix: str, least_kb: int | None = None, most_kb: int | None = None
) -> bytes:
    """Encode a picture, BGR (H, W, 3) or BGRA (H, W, 4) uint8.

    Args:
        picture: without transparency, where it becomes a JPEG.
        dpi: dots per inch, which the file states.
        suffix: '.jpg', '.png' or '.pdf' (a page of the picture's size).
        least_kb: that the file may have; only a JPEG can be filled.
        most_kb: that the file may have; the best quality that fits is taken.

    Raises:
        UserError: the file cannot be so small; the message lacks the photo's name.
    """
    order = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGB
    image = Image.fromarray(cv2.cvtColor(picture, order))
    if least_kb is not None and most_kb is not None:
        require_room(least_kb, most_kb)
    most = None if most_kb is None else most_kb * _MOST_PER_KB
    least = 0 if least_kb is None else least_kb * _LEAST_PER_KB
    if suffix == ".jpg":
        content = _best_jpeg(image, dpi, most)
        return _filled(content, least) if len(content) < least else content
    if suffix == ".pdf":
        content = _save(image, "PDF", resolution=dpi, quality=_BEST)
    else:
        content = _save(image, "PNG", dpi=(dpi, dpi), optimize=most is not None)
    if most is not None and len(content) > most:
        raise UserError(f"it would have {len(content) / 1000:.0f} kB, not {most_kb}; JPEG needs less")
    if len(content) < least:
        raise UserError(
            f"it would have {len(content) / 1024:.0f} kB, not {least_kb}; only a JPEG can be filled"
        )
    return content


def require_room(least_kb: int, most_kb: int) -> None:
    """Check that a file can have between so many kilobytes.

    Raises:
        UserError: it cannot.
    """
    if least_kb * _LEAST_PER_KB > most_kb * _MOST_PER_KB:
        raise UserError(f"a file cannot have at least {least_kb} kB and at most {most_kb} kB")


def _best_jpeg(image: Image.Image, dpi: int, most: int | None) -> bytes:
    def jpeg(quality: int) -> bytes:
        return _save(image, "JPEG", quality=quality, subsampling=0, optimize=True, dpi=(dpi, dpi))

    content = jpeg(_BEST)
    if most is None or len(content) <= most:
        return content
    content = jpeg(_WORST)
    if len(content) > most:
        raise UserError(
            f"it cannot have {most / 1000:.0f} kB: it has {len(content) / 1000:.0f} kB at quality {_WORST}"
        )
    low, high = _WORST, _BEST
    while high - low > 1:
        middle = (low + high) // 2
        tried = jpeg(middle)
        if len(tried) <= most:
            low, content = middle, tried
        else:
            high = middle
    return content


def _filled(jpeg: bytes, least: int) -> bytes:
    """A JPEG with comments of spaces before its end, of `least` bytes or a few more."""
    missing = least - len(jpeg)
    comments = b""
    while missing > 0:
        length = min(missing, _MOST_COMMENT)
        comments += _COMMENT + (length + 2).to_bytes(2, "big") + b" " * length
        missing -= length + 4
    return jpeg[:-2] + comments + jpeg[-2:]


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
