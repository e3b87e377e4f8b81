"""Pictures of any colours brought to sRGB, and their alpha."""

import io

import numpy as np
from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")


def to_rgb(image: Image.Image, remarks: list[str]) -> Image.Image:
    """Convert a picture of 8 bits to sRGB, using the file's colour profile if it has a valid one.

    Args:
        image: with or without alpha, which is dropped.
        remarks: gets that a profile is damaged.
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
            remarks.append("its colour profile is damaged; its colours are taken for sRGB")
    return converted(image, "RGB")


def converted(image: Image.Image, mode: str) -> Image.Image:
    """Convert to a mode; Pillow would copy even an image that already has it."""
    return image if image.mode == mode else image.convert(mode)


def alpha_channel(image: Image.Image) -> Image.Image | None:
    """The alpha of a picture: of a channel, a palette, or the one colour that is clear; None: opaque."""
    if not image.has_transparency_data:
        return None
    clear = image.info.get("transparency")
    if image.mode.startswith("I"):
        return Image.fromarray(np.where(np.asarray(image) == clear, 0, 255).astype(np.uint8))
    return (image if "A" in image.getbands() else image.convert("RGBA")).getchannel("A")
