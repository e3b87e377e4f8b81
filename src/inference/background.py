"""Backgrounds for a cut-out person: transparent, a colour, a picture, or the blurred photo itself."""

from pathlib import Path

import cv2
import numpy as np
from PIL import ImageColor

from src.common.errors import UserError
from src.images.blending import blend
from src.images.files import read_image

TRANSPARENT = "transparent"
_BLUR = "blur"
_BLUR_OF_LONG_SIDE = 0.02


class Background:
    """One background for photos of any size.

    Args:
        description: 'transparent', 'blur', a colour name or '#RRGGBB', or the path of an image.

    Raises:
        UserError: it is none of these, or the image cannot be read.
    """

    def __init__(self, description: str):
        self.is_transparent = description == TRANSPARENT
        self._blurs = description == _BLUR
        self._picture: np.ndarray | None = None
        self._covering: np.ndarray | None = None  # the picture at the last photo's size, for the next frame
        if self.is_transparent or self._blurs:
            return
        if Path(description).is_file():
            self._picture = read_image(description)
            return
        try:
            red, green, blue = ImageColor.getrgb(description)  # four values, as of #RRGGBBAA, are too many
        except ValueError:
            raise UserError(
                f"background '{description}': neither an image file nor a colour; give a file, a colour "
                "name such as white, #RRGGBB, blur or transparent"
            ) from None
        self._picture = np.array([[[blue, green, red]]], np.uint8)

    def behind(self, image: np.ndarray, alpha: np.ndarray, foreground: np.ndarray) -> np.ndarray:
        """Composite the person in a photo over this background.

        Args:
            image: the photo, BGR (H, W, 3) uint8.
            alpha: (H, W) uint8.
            foreground: the photo's foreground colours, BGR (H, W, 3) uint8.

        Returns:
            BGR (H, W, 3) uint8; BGRA (H, W, 4) uint8 if the background is transparent.
        """
        if self.is_transparent:
            return cv2.merge([foreground, alpha])
        behind = _without_person(image, alpha) if self._blurs else self._cover(image.shape[:2])
        return blend(foreground, behind, alpha)

    def _cover(self, shape: tuple[int, int]) -> np.ndarray:
        covering = self._covering  # another thread may replace it
        if covering is None or covering.shape[:2] != shape:
            self._covering = covering = _cover(self._picture, shape)
        return covering


def _cover(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Crop the middle of a picture to the aspect ratio of `shape`, (height, width), and resize it to that."""
    height, width = shape
    scale = max(height / picture.shape[0], width / picture.shape[1])
    cut_height, cut_width = (max(1, round(side / scale)) for side in shape)
    top, left = max(0, picture.shape[0] - cut_height) // 2, max(0, picture.shape[1] - cut_width) // 2
    middle = picture[top : top + cut_height, left : left + cut_width]
    return cv2.resize(
        middle, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )


def _without_person(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The photo, blurred without the person's pixels, so that no halo remains."""
    height, width = alpha.shape
    scale = min(1, 640 / max(height, width))  # a strong blur looks the same on a small copy
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    weight = 1 - cv2.resize(alpha, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255 + 1e-3
    sigma = _BLUR_OF_LONG_SIDE * max(size)
    total = cv2.GaussianBlur(small * weight[..., np.newaxis], (0, 0), sigma)
    blurred = total / cv2.GaussianBlur(weight, (0, 0), sigma)[..., np.newaxis]
    return cv2.resize(np.round(blurred).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
