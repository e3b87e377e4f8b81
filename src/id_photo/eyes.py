"""Whether a face's eyes are covered or in the dark, which hardly any document allows."""

import cv2
import numpy as np

from src.id_photo.faces import Face

_WIDTH, _HEIGHT = 100, 130  # of the upright face, in pixels
# Patches of a face's box, relative to it: their middles and half sides.
_LEFT, _RIGHT = 0.28, 0.72
_EYES, _CHEEKS = 0.40, 0.64
_EYE_SIDES, _CHEEK_SIDES = (0.13, 0.08), (0.11, 0.06)
_BRIGHT_PART = 70  # percentile: about an eye there is brighter skin, which sunglasses cover
_LEAST = 0.55  # of the cheeks' brightness


def eyes_are_dark(image: np.ndarray, face: Face) -> bool:
    """Whether both eyes and what is around them are much darker than the cheeks, as behind sunglasses.

    Args:
        image: upright, BGR (H, W, 3) uint8.
        face: in its pixels.
    """
    matrix = np.float64(
        [
            [_WIDTH / face.width, 0, -face.left * _WIDTH / face.width],
            [0, _HEIGHT / face.height, -face.top * _HEIGHT / face.height],
        ]
    )
    gray = cv2.warpAffine(
        cv2.cvtColor(image, cv2.COLOR_BGR2GRAY),
        matrix,
        (_WIDTH, _HEIGHT),
        flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return all(
        np.percentile(_patch(gray, side, _EYES, _EYE_SIDES), _BRIGHT_PART)
        < _LEAST * np.median(_patch(gray, side, _CHEEKS, _CHEEK_SIDES))
        for side in (_LEFT, _RIGHT)
    )


def _patch(gray: np.ndarray, x: float, y: float, half: tuple[float, float]) -> np.ndarray:
    left, right = (round((x + sign * half[0]) * _WIDTH) for sign in (-1, 1))
    top, bottom = (round((y + sign * half[1]) * _HEIGHT) for sign in (-1, 1))
    return gray[top:bottom, left:right]
