"""Converts pictures of any colour space to sRGB, and reads their alpha."""

import io

import numpy as np
from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")


def to_rgb(image: Image.Image, remarks: list[str]) -> Image.Image:
    """Convert an 8-bit picture to sRGB, using its colour profile if it has a valid one.

    Args:
        image: of any 8-bit mode; alpha is dropped.
        remarks: a damaged profile is reported here.

    Returns:
        A picture of mode RGB.
    """
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGBA", "P"):
        image = image.convert("RGB")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).lower():
                return ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            remarks.append("its colour profile is damaged; sRGB is assumed")
    return converted(image, "RGB")


def converted(image: Image.Image, mode: str) -> Image.Image:
    """Convert to a mode; Pillow would copy even an image that already has it."""
    return image if image.mode == mode else image.convert(mode)


def alpha_channel(image: Image.Image) -> Image.Image | None:
    """The alpha of a picture, from a channel, a palette or a transparent colour; None if it is opaque."""
    if not image.has_transparency_data:
        return None
    clear = image.info.get("transparency")
    if image.mode.startswith("I"):
        return Image.fromarray(np.where(np.asarray(image) == clear, 0, 255).astype(np.uint8))
    return (image if "A" in image.getbands() else image.convert("RGBA")).getchannel("A")
