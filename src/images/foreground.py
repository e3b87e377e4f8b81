"""Foreground colours: what a photo's person looks like where the background shines through."""

import cv2
import numpy as np

from src.images.foreground_estimator import load_estimator

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
    height, width = alpha.shape
    if min(height, width) < 2:  # pymatting divides by the logarithm of the size
        return image.copy()
    scale = min(1, (_MOST_PIXELS / alpha.size) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small_image, small_alpha = (
        cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, alpha)
    )
    colours = load_estimator()(small_image / np.float32(255), small_alpha / np.float32(255))
    small = np.round(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    foreground = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if scale < 1:
        _add_detail(
            foreground, image, cv2.resize(small_image, (width, height), interpolation=cv2.INTER_LINEAR), alpha
        )
    opaque = alpha == 255
    foreground[opaque] = image[opaque]
    return foreground


def _add_detail(foreground: np.ndarray, image: np.ndarray, blurred: np.ndarray, alpha: np.ndarray) -> None:
    """Give an enlarged estimate what the photo lost when it was shrunk, as far as it shows the person."""
    rows = max(1, _MOST_PIXELS // image.shape[1])
    for top in range(0, len(image), rows):
        part = slice(top, top + rows)
        weight = alpha[part, :, np.newaxis] / np.float32(255)
        detail = image[part].astype(np.float32) - blurred[part]
        foreground[part] = np.clip(np.round(foreground[part] + weight * detail), 0, 255)
