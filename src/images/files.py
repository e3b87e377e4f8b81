"""Reads and writes images; the only module that does.

Images are NumPy arrays (H, W, 3) uint8 in BGR order; mattes and masks are (H, W) uint8.
"""

import contextlib
import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from src.common.atomic_file import write_bytes
from src.common.errors import UserError

DATA_SUFFIXES = (".jpg", ".jpeg", ".png")  # of photos in data sets

# From 16 bits to 8: 65535 / 257 = 255.
_SIXTEEN_TO_EIGHT_BITS = 257

_TURN_OF_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_SRGB = ImageCms.createProfile("sRGB")
_HEIF_SUFFIXES = (".heic", ".heif")

# What Pillow's decoders raise on damaged input.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    RuntimeError,
    LookupError,
    ArithmeticError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class ImageError(UserError):
    """An image file is missing, damaged or of the wrong kind; the message names it."""


def read_image(path: str | Path) -> np.ndarray:
    """Read a photo of any mode, with its EXIF orientation applied.

    Returns:
        (H, W, 3) uint8, BGR, sRGB. Grey, palette, CMYK and 16-bit files and other colour profiles are
        converted; an alpha channel is dropped.

    Raises:
        ImageError: the file is missing, truncated, damaged or not an image.
    """
    rgb = _decode(path, lambda image: _to_rgb(_to_eight_bits(image)))
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)


def read_gray(path: str | Path) -> np.ndarray:
    """Read a mask, trimap or alpha file as (H, W) uint8; errors as `read_image`."""
    return _decode(path, lambda image: _converted(_to_eight_bits(image), "L"))


def read_alpha_channel(path: str | Path) -> np.ndarray:
    """Read the alpha channel of a matting file as (H, W) uint8, 0 background to 255 foreground.

    Raises:
        ImageError: as `read_image`, or the file has no alpha channel.
    """
    return _decode(path, _alpha_channel)


def write_image(path: str | Path, image: np.ndarray, jpeg_quality: int = 95) -> None:
    """Write (H, W), (H, W, 3) BGR or (H, W, 4) BGRA uint8 atomically, in the format of the suffix.

    Raises:
        UserError: the format is unknown, the folder is not writable or the disk is full.
    """
    suffix = Path(path).suffix.lower()
    # PNG keeps OpenCV's default: a third of the time of any explicit level, for a tenth more bytes.
    options = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality] if suffix in (".jpg", ".jpeg") else []
    try:
        encoded = cv2.imencode(suffix, image, options)[1]
    except cv2.error as error:
        raise UserError(f"{path}: an image cannot be written as '{suffix}'; use .png or .jpg") from error
    write_bytes(path, encoded.tobytes())


def _decode(path: str | Path, convert) -> np.ndarray:
    try:
        with _open(path) as image:
            image.load()
            return np.asarray(convert(_upright(image)))
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file") from None
    except _DAMAGE as error:
        raise ImageError(f"{path}: cannot be read as an image: {error}") from error


def _open(path: str | Path) -> Image.Image:
    """Open an image, detecting its format from the content; HEIC needs the package pillow-heif."""
    try:
        return Image.open(path)
    except UnidentifiedImageError:
        if _reads_heif():
            return Image.open(path)
        if Path(path).suffix.lower() in _HEIF_SUFFIXES:
            raise ImageError("HEIC photos need an extra package: pip install pillow-heif") from None
        raise


def _reads_heif() -> bool:
    """Register HEIC support with Pillow, if pillow-heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation; Pillow's own function fails if any other EXIF entry is malformed."""
    turn = _TURN_OF_ORIENTATION.get(image.getexif().get(ExifTags.Base.Orientation))
    return image if turn is None else image.transpose(turn)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; Pillow's own conversion would clip it."""
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64) // _SIXTEEN_TO_EIGHT_BITS
        return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    return image


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert to sRGB, using the file's colour profile if it has a valid one."""
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGBA", "P"):
        image = image.convert("RGB")
    if profile and image.mode in ("RGB", "CMYK"):
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).lower():
                return ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    return _converted(image, "RGB")


def _converted(image: Image.Image, mode: str) -> Image.Image:
    """Convert to a mode; Pillow would copy even an image that already has it."""
    return image if image.mode == mode else image.convert(mode)


def _alpha_channel(image: Image.Image) -> Image.Image:
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    if "A" not in image.getbands():
        raise ImageError(f"has no alpha channel (mode {image.mode}); a matting file is RGBA")
    return image.getchannel("A")
