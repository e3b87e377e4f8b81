"""Masks without soft edges in place of alpha."""

import cv2
import numpy as np

_THRESHOLD = 128
_EDGE = 10  # pixels on either side of the edge where a mask says nothing of alpha


def as_binary(mask: np.ndarray) -> np.ndarray:
    """Undo what JPEG did to a mask: (H, W) uint8 to the same with 0 below 128 and 255 from there on."""
    return np.where(mask >= _THRESHOLD, np.uint8(255), np.uint8(0))


def far_from_edge(mask: np.ndarray, distance: float = _EDGE) -> np.ndarray:
    """Where a mask stands for alpha: the pixels farther than `distance` from any pixel of the other value.

    Args:
        mask: (H, W) uint8, 0 or 255.
        distance: in pixels.

    Returns:
        (H, W) bool; True everywhere where the mask has one value only.
    """
    if mask.min() == mask.max():
        return np.ones(mask.shape, bool)
    to_other = (
        cv2.distanceTransform(each, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for each in (mask, 255 - mask)
    )
    return np.maximum(*to_other) > distance
