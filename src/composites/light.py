"""Changes of light and colour."""

import cv2
import numpy as np

from src.composites.outline import OPAQUE, find_box


def change_light(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Slightly change gain, gamma, tint and saturation of an image, BGR (H, W, 3) uint8, at random."""
    values = np.arange(256) / 255
    gain = rng.uniform(0.8, 1.2) * rng.uniform(0.94, 1.06, 3)
    curve = np.clip(gain * values[:, np.newaxis] ** np.exp(rng.normal(0, 0.2)), 0, 1)
    image = cv2.LUT(image, np.round(curve * 255).astype(np.uint8)[np.newaxis])
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    saturation = rng.uniform(0.6, 1.2)
    return cv2.addWeighted(image, saturation, gray, 1 - saturation, 0)


def draw_backlight(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw light from behind a person, who becomes dark, down to a silhouette, before what becomes bright.

    Returns:
        What becomes of each of the values 0 to 255, in the person and behind: (256,) uint8 both.
    """
    values = np.arange(256) / 255
    dark = rng.uniform(0.03, 0.5) * values ** rng.uniform(0.8, 1.6)
    bright = np.minimum(rng.uniform(1, 1.5) * values ** rng.uniform(0.5, 1), 1)
    return np.round(255 * dark).astype(np.uint8), np.round(255 * bright).astype(np.uint8)


def tint_like(
    rng: np.random.Generator, behind: np.ndarray, foreground: np.ndarray, alpha: np.ndarray
) -> np.ndarray:
    """Shift a background towards the mean colour of the person in front of it, or of the person's head.

    This makes the person's edges hard to see.

    Args:
        rng: source of randomness.
        behind: the background, BGR (H, W, 3) uint8.
        foreground: the person's colours, BGR (H, W, 3) uint8.
        alpha: of the person, (H, W) uint8.

    Returns:
        The tinted background, BGR (H, W, 3) uint8.
    """
    opaque = (alpha >= OPAQUE).astype(np.uint8)
    if not opaque.any():
        return behind
    if rng.random() < 0.5:
        box = find_box(opaque)
        opaque[box.top + max(1, box.height // 5) :] = 0
    shift = rng.uniform(0.5, 1) * (np.array(cv2.mean(foreground, opaque)) - cv2.mean(behind))
    return np.clip(np.round(behind + shift[:3]), 0, 255).astype(np.uint8)
