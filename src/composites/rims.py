"""Rims and holes of people whose mask was drawn by hand."""

import cv2
import numpy as np

_STEPS = 0.0025  # of the photo's long side: how coarse such a mask is
_STRAY_HOLE = 0.0003  # of the photo's area: larger ones, as between arm and body, are real
_ALPHA_OUTSIDE, _ALPHA_INSIDE = 0.45, 0.85  # of the blurred mask


def smooth_mask(alpha: np.ndarray) -> np.ndarray:
    """Make the rim of a binary mask as smooth and soft as that of a photo.

    Steps vanish, small holes are filled, and the rim moves inwards by a part of a pixel: such masks reach a
    little beyond the person, and the old background would shine as a halo. Soft alpha stays as it is.

    Args:
        alpha: (H, W) uint8.

    Returns:
        The same shape.
    """
    if np.any((alpha > 0) & (alpha < 255)):
        return alpha
    sigma = _STEPS * max(alpha.shape)
    blurred = cv2.GaussianBlur(
        _fill_holes(alpha), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE
    ) / np.float32(255)
    soft = (blurred - _ALPHA_OUTSIDE) / (_ALPHA_INSIDE - _ALPHA_OUTSIDE)
    return np.round(np.clip(soft, 0, 1) * 255).astype(np.uint8)


def _fill_holes(mask: np.ndarray) -> np.ndarray:
    """Close what is missing inside of a binary mask, where it is small."""
    # A rim around the picture joins what lies at its edges to one large part.
    outside = cv2.copyMakeBorder((mask == 0).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    is_small = statistics[:, cv2.CC_STAT_AREA] <= _STRAY_HOLE * mask.size
    is_small[[0, parts[0, 0]]] = False
    return np.where(is_small[parts[1:-1, 1:-1]], np.uint8(255), mask)
