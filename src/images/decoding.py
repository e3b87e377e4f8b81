"""Opens image files of every kind with Pillow: the first picture, upright, even with damaged metadata."""

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
_GREY_LEVELS = {"L;2": 3, "L;4": 15}  # white, by what Pillow calls pixels of 2 and 4 bits
_FORMATS_OF_SEVERAL = ("GIF", "TIFF", "MPO", "PNG", "WEBP", "AVIF", "HEIF", "FLI", "DCX")

# Pillow's warnings about metadata do not name the file; the remarks made here cover what matters.
warnings.filterwarnings("ignore", module=r"PIL\.")


class ImageError(UserError):
    """An image file is missing, damaged or of the wrong kind; the message names it."""


class PassingImageError(ImageError):
    """An image file cannot be read now, for want of memory or because of its disk; later it may be."""


def load_picture(source: Path | bytes, remarks: list[str], most_pixels: int | None = None) -> Image.Image:
    """Load the first picture of a file, upright.

    Args:
        source: the file, or what it holds; the content determines the format. HEIC needs the package
            pillow-heif.
        remarks: everything that was ignored is reported here.
        most_pixels: a picture that says it has more is not decoded.

    Raises:
        ImageError: the file is a pipe or device, has too many pixels, or HEIC support is missing; the message
            lacks the file's name.
        DAMAGE: the file cannot be read.
    """
    if isinstance(source, Path) and not stat.S_ISREG(source.stat().st_mode) and not source.is_dir():
        raise ImageError("is a pipe or device, not a file")  # reading a pipe could block forever
    image = _load(source, remarks, most_pixels)
    if image.format in _FORMATS_OF_SEVERAL:
        _tell_of_others(source, remarks)
    return _upright(image, remarks)


def _load(source: Path | bytes, remarks: list[str], most_pixels: int | None) -> Image.Image:
    suffix = source.suffix if isinstance(source, Path) else ""
    try:
        return _open(_file(source), suffix, most_pixels)
    except (FileNotFoundError, PermissionError, Image.DecompressionBombError):
        raise
    except DAMAGE:
        if isinstance(source, Path) and source.is_dir():
            raise
        content = source.read_bytes() if isinstance(source, Path) else source
        for image, remark in _repaired(content, suffix, most_pixels):
            remarks.append(remark)
            return image
        raise


def _file(source: Path | bytes) -> Path | BinaryIO:
    return source if isinstance(source, Path) else io.BytesIO(source)


def _repaired(content: bytes, suffix: str, most_pixels: int | None) -> Iterator[tuple[Image.Image, str]]:
    """Yield the picture of a damaged file, if it can be recovered completely, with a remark on the damage."""
    bare = without_trimmings(content)
    if bare is None:
        return
    for candidate in (content, bare):
        copies = with_ends(candidate)  # only of a JPEG
        try:
            pictures = [_open(io.BytesIO(copy), suffix, most_pixels) for copy in copies or (candidate,)]
        except DAMAGE:
            continue
        # A truncated progressive JPEG decodes without errors, but blurred.
        if copies and pictures[0].info.get("progressive"):
            continue
        if all(picture == pictures[0] for picture in pictures[1:]):
            what = "the end of the file is missing" if copies else "its metadata is damaged"
            yield pictures[0], f"{what}; the picture is whole"


def _open(file: Path | BinaryIO, suffix: str, most_pixels: int | None) -> Image.Image:
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
        pixels = image.width * image.height
        if most_pixels is not None and pixels > most_pixels:
            raise ImageError(
                f"has {pixels / 1e6:.1f} megapixels; at most {most_pixels / 1e6:.0f} are taken here"
            )
        _scale_clear_colour(image)
        image.load()
    return image


def _scale_clear_colour(image: Image.Image) -> None:
    """Bring the transparent colour of a PNG to 8 bits as Pillow does its pixels, before they are loaded."""
    clear = image.info.get("transparency")
    if image.format != "PNG" or clear is None or not image.tile:
        return
    stored = image.tile[0][3]
    if stored in _GREY_LEVELS:
        levels = _GREY_LEVELS[stored]
        image.info["transparency"] = min(clear, levels) * (255 // levels)
    elif stored == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in clear)


def _reads_heif() -> bool:
    """Register HEIC support with Pillow, if pillow-heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _tell_of_others(source: Path | bytes, remarks: list[str]) -> None:
    """Report that a file holds several pictures; counting moves Pillow's position, hence the second open."""
    try:
        with Image.open(_file(source)) as image:
            count = image.n_frames
    except DAMAGE:
        return  # the others are damaged
    if count > 1:
        remarks.append(f"holds {count} pictures; the first is taken")


def _upright(image: Image.Image, remarks: list[str]) -> Image.Image:
    """Apply the EXIF orientation; Pillow's own function fails if any other EXIF entry is malformed."""
    try:
        exif = image.getexif()
        stored = image.info.get("exif")
        is_damaged = bool(stored) and not exif and not _has_no_entries(stored)
        turn = _TURN_OF_ORIENTATION.get(exif.get(ExifTags.Base.Orientation))
    except DAMAGE:
        is_damaged, turn = True, None
    if is_damaged:
        remarks.append("its EXIF data is damaged; its orientation is not known")
    return image if turn is None else image.transpose(turn)


def _has_no_entries(exif: bytes) -> bool:
    """Whether an EXIF block is sound, but says nothing."""
    block = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(block[:4])
    if order is None:
        return False
    start = int.from_bytes(block[4:8], order)
    return block[start : start + 2] == b"\0\0"  # the number of entries
