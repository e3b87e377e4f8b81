"""Augmentation of light: a lamp near a point or along a line brightens a photo, as functions of arrays."""

import numpy as np

_PROBABILITY = 0.3
_GAINS, _TINTS = (0.2, 0.8), (0.8, 1.0)
_BEYOND = 0.2  # of height and width: how far outside the picture a lamp may be
_POINT_RADII, _LINE_RADII = (0.2, 0.8), (0.05, 0.3)  # of the diagonal


def draw_light(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Light up a photo with probability 0.3, by a point or a line.

    Args:
        rng: decides.
        image: (H, W, 3) uint8.

    Returns:
        (H, W, 3) uint8.
    """
    if rng.random() >= _PROBABILITY:
        return image
    lit = add_light(image / np.float32(255), draw_falloff(rng, *image.shape[:2]), *draw_lamp(rng))
    return np.round(lit * 255).astype(np.uint8)


def draw_lamp(rng: np.random.Generator) -> tuple[float, np.ndarray]:
    """A lamp's gain and its tint (3,)."""
    return rng.uniform(*_GAINS), rng.uniform(*_TINTS, 3)


def draw_falloff(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """How much of a lamp's light reaches each pixel, (H, W) float32 in [0, 1]; its place is random."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    diagonal = np.hypot(height, width)
    y, x = (rng.uniform(-_BEYOND, 1 + _BEYOND) * side for side in (height, width))
    if rng.random() < 0.5:
        return falloff(np.hypot(rows - y, columns - x), rng.uniform(*_POINT_RADII) * diagonal)
    angle = rng.uniform(0, np.pi)
    distance = np.abs((rows - y) * np.cos(angle) - (columns - x) * np.sin(angle))
    return falloff(distance, rng.uniform(*_LINE_RADII) * diagonal)


def falloff(distance: np.ndarray, radius: float) -> np.ndarray:
    """max(0, 1 - distance / radius)^2."""
    return np.square(np.maximum(0, 1 - distance / radius)).astype(np.float32)


def add_light(image: np.ndarray, light: np.ndarray, gain: float, tint: np.ndarray) -> np.ndarray:
    """Add gain * tint * light (H, W) to an image (H, W, 3) in [0, 1], clipped."""
    return np.clip(image + gain * light[..., np.newaxis] * tint, 0, 1).astype(np.float32)
