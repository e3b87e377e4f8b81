"""Augmentation of the previous alpha of a video network, as functions of arrays.

Without it, a network trusts the alpha of the frame before: people who enter stay invisible, and one bad frame
spoils all after it.
"""

import cv2
import numpy as np

_EMPTY, _DISTURBED, _OF_ANOTHER = 0.3, 0.3, 0.2  # probabilities; the latter two of what is left
_ROTATION, _SHEAR = 10.0, 5.0  # degrees
_SHIFT = 0.1  # of height and width
_SCALES = (0.85, 1.15)


def draw_previous(rng: np.random.Generator, previous: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The previous alpha that training shows: empty, disturbed, that of another sample, or the true one.

    Args:
        rng: decides.
        previous: the alpha of the frame before, (H, W) float32 in [0, 1].
        other: an alpha of another sample, of the same size.

    Returns:
        (H, W) float32 in [0, 1].
    """
    if rng.random() < _EMPTY:
        return np.zeros_like(previous)
    if rng.random() >= _DISTURBED:
        return previous
    return other if rng.random() < _OF_ANOTHER else disturb(rng, previous)


def disturb(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
    """Rotate, shift, scale and shear an alpha (H, W) float32 at random; 0 comes in from outside."""
    height, width = alpha.shape
    angle, shear = np.radians((rng.uniform(-_ROTATION, _ROTATION), rng.uniform(-_SHEAR, _SHEAR)))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = rng.uniform(*_SCALES) * rotation @ np.array([[1, np.tan(shear)], [0, 1]])
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    shift = rng.uniform(-_SHIFT, _SHIFT, 2) * (width, height)
    matrix = np.column_stack([linear, centre + shift - linear @ centre])
    return cv2.warpAffine(alpha, matrix, (width, height), flags=cv2.INTER_LINEAR)
