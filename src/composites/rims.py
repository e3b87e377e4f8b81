"""Rims of people whose mask was drawn by hand."""

import cv2
import numpy as np

_STEPS = 0.0025  # of the photo's long side: how coarse such a mask is
_ALPHA_OUTSIDE, _ALPHA_INSIDE = 0.45, 0.85  # of the blurred mask


def smooth_mask(alpha: np.ndarray) -> np.ndarray:
    """Make the rim of a binary mask as smooth and soft as that of a photo.

    Steps vanish, and the rim moves inwards by a part of a pixel: such masks reach a little beyond the person,
    and the old background would shine as a halo. Alpha that is soft already stays as it is.

    Args:
        alpha: (H, W) uint8.

    Returns:
        The same shape.
    """
    if np.any((alpha > 0) & (alpha < 255)):
        return alpha
    sigma = _STEPS * max(alpha.shape)
    blurred = cv2.GaussianBlur(alpha, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) / np.float32(255)
    soft = (blurred - _ALPHA_OUTSIDE) / (_ALPHA_INSIDE - _ALPHA_OUTSIDE)
    return np.round(np.clip(soft, 0, 1) * 255).astype(np.uint8)
