"""Random changes of brightness, contrast, saturation and hue, as torchvision's ColorJitter makes them."""

from typing import NamedTuple

import cv2
import numpy as np


class ColourJitter(NamedTuple):
    """The largest change of each kind, in either direction.

    Args:
        brightness: relative, or added to values in [0, 1] where `adds`.
        contrast: relative, to the mean grey.
        saturation: relative, to grey.
        hue: of a turn.
        adds: whether brightness is added instead of multiplied.
    """

    brightness: float
    contrast: float
    saturation: float
    hue: float
    adds: bool = False

    def apply(self, rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
        """Change an RGB image (H, W, 3) float32 in [0, 1]; the result is clipped."""
        brightness, contrast, saturation, turn = (rng.uniform(-most, most) for most in self[:4])
        image = image + brightness if self.adds else image * (1 + brightness)
        image = np.clip(image, 0, 1).astype(np.float32)
        image = _away_from(_grey(image).mean(), image, contrast)
        image = _away_from(_grey(image), image, saturation)
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)  # hue in degrees
        hsv[..., 0] = (hsv[..., 0] + 360 * turn) % 360
        return np.clip(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), 0, 1)


def _grey(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., np.newaxis]


def _away_from(grey: np.ndarray | float, image: np.ndarray, change: float) -> np.ndarray:
    return np.clip(grey + (1 + change) * (image - grey), 0, 1).astype(np.float32)
