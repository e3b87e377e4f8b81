"""Whether a plate and its photo show the same place: their shapes, their borders and their light."""

from pathlib import Path

import cv2
import numpy as np

from src.data.pairs import size_text
from src.images.files import ImageError

DARKEST, BRIGHTEST = 8, 247  # values, 0..255, between which colours tell the light

_LARGEST_STRETCH = 0.01  # of the aspect ratio
_GLANCE = 96  # side of the small copies that are compared
_BORDER = 6  # pixels of them
_MOST_UNLIKE = 30 / 255  # median difference along the border; of true plates at most 10


def fit_plate(photo: np.ndarray, plate: np.ndarray, file: Path | str) -> np.ndarray:
    """Resize a plate to its photo's size; both are (H, W, 3) uint8.

    Args:
        photo: the photo.
        plate: its plate.
        file: of the plate, for messages.

    Raises:
        ImageError: the two differ in shape by more than 1%, or one of them is turned.
    """
    (height, width), own = photo.shape[:2], plate.shape[:2]
    if own == (height, width):
        return plate

    def fits(height: int, width: int) -> bool:
        return abs(own[1] * height / (own[0] * width) - 1) <= _LARGEST_STRETCH

    if not fits(height, width):
        why = "one of them is turned" if fits(width, height) else "a plate has the shape of its photo"
        raise ImageError(
            f"{file}: the plate is {size_text(plate)}, but the photo is {size_text(photo)}: {why}; take both "
            "with the same camera, held alike"
        )
    method = cv2.INTER_AREA if own[0] > height else cv2.INTER_LINEAR
    return cv2.resize(plate, (width, height), interpolation=method)


def is_unlike(photo: np.ndarray, plate: np.ndarray, light: float = 1.0) -> bool:
    """Whether a plate (H, W, 3) uint8 differs from its photo even where a person seldom is.

    That is along the upper border and the upper halves of the sides.

    Args:
        photo: the photo.
        plate: its plate.
        light: by which the plate's colours are divided before.
    """
    difference = np.abs(_border(photo) - np.minimum(1, _border(plate) / light)).mean(1)
    return float(np.median(difference)) > _MOST_UNLIKE


def relative_light(photo: np.ndarray, plate: np.ndarray) -> float:
    """How bright a plate is, compared with its photo, in the same places; 1 where they do not tell."""
    one, other = _border(photo), _border(plate)
    tells = (np.minimum(one, other) > DARKEST / 255) & (np.maximum(one, other) < BRIGHTEST / 255)
    return float(np.median(other[tells] / one[tells])) if tells.any() else 1.0


def _border(image: np.ndarray) -> np.ndarray:
    """Pixels (P, 3) in [0, 1]."""
    small = cv2.resize(image, (_GLANCE, _GLANCE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    half = _GLANCE // 2
    parts = small[:_BORDER], small[_BORDER:half, :_BORDER], small[_BORDER:half, -_BORDER:]
    return np.concatenate([part.reshape(-1, 3) for part in parts])
