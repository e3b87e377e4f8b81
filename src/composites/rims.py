"""Smoothing of hand-drawn masks: soft edges, and small holes filled."""

import cv2
import numpy as np

_STEPS = 0.0025  # size of the mask's steps, relative to the photo's long side
_STRAY_HOLE = 0.0003  # relative to the photo's area; larger holes, as between arm and body, are real
_ALPHA_OUTSIDE, _ALPHA_INSIDE = 0.45, 0.85  # values of the blurred mask that become 0 and 1


def smooth_mask(alpha: np.ndarray) -> np.ndarray:
    """Make the edge of a binary mask as smooth and soft as in a photo.

    Steps are smoothed and small holes are filled. The edge moves inwards by a fraction of a pixel, since such
    masks reach slightly beyond the person and the old background would show as a halo. Alpha that is already
    soft is returned unchanged.

    Args:
        alpha: (H, W) uint8.

    Returns:
        (H, W) uint8.
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
    """Fill the small holes of a binary mask."""
    # A border around the picture joins all background at its edges into one large component.
    outside = cv2.copyMakeBorder((mask == 0).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
    is_small = statistics[:, cv2.CC_STAT_AREA] <= _STRAY_HOLE * mask.size
    is_small[[0, parts[0, 0]]] = False
    return np.where(is_small[parts[1:-1, 1:-1]], np.uint8(255), mask)
