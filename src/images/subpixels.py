"""Coordinates as OpenCV's drawing functions take them: whole numbers of a fraction of a pixel."""

import numpy as np

SUBPIXEL_BITS = 4  # sixteenths of a pixel


def to_subpixels(points: np.ndarray) -> np.ndarray:
    """Convert pixel coordinates to the integers that cv2 draws with `shift=SUBPIXEL_BITS`."""
    return np.round(np.asarray(points) * (1 << SUBPIXEL_BITS)).astype(np.int32)
