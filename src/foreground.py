"""Foreground colours: what a photo's person looks like where the background shines through."""

import cv2
import numpy as np

# Larger photos are estimated smaller: colours vary slowly, and an 8K photo would take gigabytes.
_MOST_PIXELS = 1 << 22


def estimate_foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Estimate the foreground colour of every pixel, so that no rim of the old background stays.

    Multi-level estimation (Germer et al., Fast Multi-Level Foreground Estimation, arXiv:2006.14970). Where
    the photo shows the person alone, its colours stay as they are.

    Args:
        image: (H, W, 3) uint8.
        alpha: (H, W) uint8.

    Returns:
        (H, W, 3) uint8 in the channel order of `image`.
    """
    # Takes a second to import, which commands that cut nothing out should not wait for.
    from pymatting import estimate_foreground_ml

    height, width = alpha.shape
    if min(height, width) < 2:  # pymatting divides by the logarithm of the size
        return image.copy()
    scale = min(1, (_MOST_PIXELS / alpha.size) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, alpha))
    colours = estimate_foreground_ml(*(each / np.float32(255) for each in small))
    small = np.round(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    foreground = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    opaque = alpha == 255
    foreground[opaque] = image[opaque]
    return foreground
