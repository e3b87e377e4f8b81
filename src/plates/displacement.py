"""Tells whether a plate lies beside its photo: by phase correlation, which a person hardly disturbs."""

import cv2
import numpy as np

_SIDE = 480  # longer side of the copies that are compared
# Peak of the correlation. By chance, it was up to 0.055 (of 120 flat or blurred walls and other places), with
# plates moved by up to 30 pixels at least 0.08 (51 pairs).
_LEAST_AGREEMENT = 0.07
_TOLERATED = 0.005  # of the longer side
_TOLERATED_PIXELS = 3, 8  # at least and at most; training moves plates by up to a hundredth


def displacement(photo: np.ndarray, plate: np.ndarray) -> float:
    """By how many pixels a plate is moved as a whole.

    Args:
        photo: BGR (H, W, 3) uint8.
        plate: of the same size.

    Returns:
        Pixels of the photo; 0 where the two have too little in common to tell.
    """
    scale = min(1, _SIDE / max(photo.shape))
    size = tuple(max(2, round(side * scale)) for side in photo.shape[1::-1])
    greys = (
        cv2.cvtColor(cv2.resize(each, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        for each in (photo, plate)
    )
    one, other = (grey - grey.mean(dtype=np.float32) for grey in greys)
    (x, y), agreement = cv2.phaseCorrelate(one, other, cv2.createHanningWindow(size, cv2.CV_32F))
    return float(np.hypot(x, y)) / scale if agreement >= _LEAST_AGREEMENT else 0.0


def lies_beside(photo: np.ndarray, plate: np.ndarray) -> float:
    """`displacement`, or 0 where it does not matter: 3 to 8 pixels, by the photo's size, are tolerated."""
    found = displacement(photo, plate)
    return found if found > np.clip(_TOLERATED * max(photo.shape), *_TOLERATED_PIXELS) else 0.0
