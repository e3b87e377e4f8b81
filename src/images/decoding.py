"""Opens image files of every kind with Pillow: the first picture, upright, whatever lies beside it."""

import io
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, UnidentifiedImageError

from src.common.errors import UserError
from src.images.suffixes import HEIF_SUFFIXES
from src.images.trimmings import with_ends, without_trimmings

# What Pillow's decoders raise on damaged input.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    RuntimeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

_TURN_OF_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FORMATS_OF_SEVERAL = ("GIF", "TIFF", "MPO", "PNG", "WEBP", "AVIF", "HEIF", "FLI", "DCX")

# Pillow warns of odd trimmings without the file's name; what matters of them is a remark here.
warnings.filterwarnings("ignore", module=r"PIL\.")


class ImageError(UserError):
    """An image file is missing, damaged or of the wrong kind; the message names it."""


def load_picture(path: Path, remarks: list[str]) -> Image.Image:
    """Load the first picture of a file, upright.

    Args:
        path: of the file; its content tells its format. HEIC needs the package pillow-heif.
        remarks: gets what was left aside.

    Raises:
        ImageError: HEIC cannot be read, or it is no file; the message lacks its name.
        DAMAGE: it cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():  # to read a pipe might never end
        raise ImageError("is a pipe or device, not a file")
    image = _load(path, remarks)
    if image.format in _FORMATS_OF_SEVERAL:
        _tell_of_others(path, remarks)
    return _upright(image, remarks)


def _load(path: Path, remarks: list[str]) -> Image.Image:
    try:
        return _open(path, path.suffix)
    except (FileNotFoundError, PermissionError, Image.DecompressionBombError):
        raise
    except DAMAGE:
        if path.is_dir():
            raise
        for image, remark in _repaired(path.read_bytes(), path.suffix):
            remarks.append(remark)
            return image
        raise


def _repaired(content: bytes, suffix: str) -> Iterator[tuple[Image.Image, str]]:
    """What can be read of a file that cannot be read as it is, and what is wrong with it."""
    bare = without_trimmings(content)
    if bare is None:
        return
    for candidate in (content, bare):
        copies = with_ends(candidate)  # of JPEG
        try:
            pictures = [_open(io.BytesIO(copy), suffix) for copy in copies or (candidate,)]
        except DAMAGE:
            continue
        # A progressive picture is whole, but blurred, after each of its scans.
        if copies and pictures[0].info.get("progressive"):
            continue
        if all(picture == pictures[0] for picture in pictures[1:]):
            what = (
                "the end of the file is missing" if copies else "what it holds beside the picture is damaged"
            )
            yield pictures[0], f"{what}; the picture is whole"


def _open(file: Path | BinaryIO, suffix: str) -> Image.Image:
    try:
        image = Image.open(file)
    except UnidentifiedImageError:
        if _reads_heif():
            image = Image.open(file)
        elif suffix.lower() in HEIF_SUFFIXES:
            raise ImageError("HEIC photos need an extra package: pip install pillow-heif") from None
        else:
            raise
    with image:
        image.load()
    return image


def _reads_heif() -> bool:
    """Register HEIC support with Pillow, if pillow-heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _tell_of_others(path: Path, remarks: list[str]) -> None:
    """Say that a file holds several pictures; they are counted apart, since that moves Pillow's place."""
    try:
        with Image.open(path) as image:
            count = image.n_frames
    except DAMAGE:
        return  # the others are damaged
    if count > 1:
        remarks.append(f"holds {count} pictures; the first is taken")


def _upright(image: Image.Image, remarks: list[str]) -> Image.Image:
    """Apply the EXIF orientation; Pillow's own function fails if any other EXIF entry is malformed."""
    try:
        exif = image.getexif()
        is_damaged = bool(image.info.get("exif")) and not exif
        turn = _TURN_OF_ORIENTATION.get(exif.get(ExifTags.Base.Orientation))
    except DAMAGE:
        is_damaged, turn = True, None
    if is_damaged:
        remarks.append("its EXIF data is damaged; whether it should be turned is not known")
    return image if turn is None else image.transpose(turn)
