"""Converts grey of more than 8 bits, or in floating point, to 8 bits; the format determines what is white."""

import numpy as np
from PIL import Image, TiffTags

_TAGS = {tag.name: number for number, tag in TiffTags.TAGS_V2.items()}
_SIGNED, _WHITE_IS_ZERO = 2, 0

# White of 32-bit integers, and of most floating-point values: the smallest of these that no value exceeds.
_WHITES = (255, 1023, 4095, 16383, 65535, 2**24 - 1, 2**31 - 1, 2**32 - 1)
_BRIGHTEST_LIGHT = 16.0  # floating-point values up to this have their white at 1
_OVERSHOOT = 1.1  # factor by which resampling may exceed white


def to_eight_bits(image: Image.Image, remarks: list[str]) -> Image.Image:
    """Scale grey of 12, 16 or 32 bits, or in floating point, to 8 bits; Pillow's conversion would clip it.

    Args:
        image: of any mode; 8-bit modes are returned unchanged.
        remarks: the assumed white is reported here if the file does not define it.

    Raises:
        ValueError: the values are NaN, infinite, all negative or too large.
    """
    if image.mode == "F":
        values = np.asarray(image)
        white = _white_of_floats(values)
        scaled = np.round(np.clip(values, 0, white) * (255 / white))
    elif image.mode.startswith("I"):
        values = np.asarray(image).astype(np.int64)
        if _tag(image, "SampleFormat") == 1 and image.mode == "I":
            values = values & 0xFFFFFFFF  # Pillow reads them as signed
        white = _white_of_integers(image, values)
        scaled = (np.clip(values, 0, white) * 255 + white // 2) // white
    else:
        return image
    if image.mode in ("F", "I") and image.format != "PPM":
        remarks.append(f"its values are read as 0 for black and {white} for white")
    if _tag(image, "PhotometricInterpretation") == _WHITE_IS_ZERO:
        scaled = 255 - scaled
    return Image.fromarray(scaled.astype(np.uint8))


def _white_of_floats(values: np.ndarray) -> int:
    if not np.isfinite(values).all():
        raise ValueError("it contains NaN or infinite values")
    highest = float(values.max())
    _require_light(float(values.min()), highest)
    if highest <= _BRIGHTEST_LIGHT:
        return 1
    fitting = [white for white in _WHITES[:5] if highest <= white * _OVERSHOOT]
    if not fitting:
        raise ValueError(f"its values reach {highest:g}, too large for a picture; scale them to 0 to 1")
    return fitting[0]


def _white_of_integers(image: Image.Image, values: np.ndarray) -> int:
    if image.mode != "I":  # 16 bits, or fewer if the file says so
        return 2 ** (_tag(image, "BitsPerSample") or 16) - 1
    if image.format == "PPM":  # Pillow scales it to 16 bits
        return 65535
    if _tag(image, "BitsPerSample") == 16 and _tag(image, "SampleFormat") == _SIGNED:
        return 32767
    highest = int(values.max())
    _require_light(int(values.min()), highest)
    return next(white for white in _WHITES if highest <= white)


def _require_light(lowest: float, highest: float) -> None:
    if lowest < 0 and highest <= 0:
        raise ValueError(f"its values go from {lowest:g} to {highest:g}; a picture needs values above 0")


def _tag(image: Image.Image, name: str) -> int | None:
    """An integer tag of a TIFF, None if it is missing; of several values, one per channel, the first."""
    value = getattr(image, "tag_v2", {}).get(_TAGS[name])
    return value[0] if isinstance(value, tuple) else value
