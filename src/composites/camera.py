"""What cameras do to a picture."""

import cv2
import numpy as np

from src.composites.light import change_light


def take_photo(
    rng: np.random.Generator, image: np.ndarray, alpha: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Change light and focus, sharpen, darken corners, lose colour, add noise: each sometimes.

    Args:
        rng: its source.
        image: BGR (H, W, 3) uint8.
        alpha: (H, W) uint8; out of focus it is as blurred as the picture.

    Returns:
        image and alpha, alike.
    """
    image = change_light(rng, image)
    focus = rng.random()
    if focus < 0.1:
        sigma = rng.uniform(0.3, 1.2)
        image, alpha = (cv2.GaussianBlur(each, (0, 0), sigma) for each in (image, alpha))
    elif focus < 0.3:
        image = _sharpen(rng, image)
    if rng.random() < 0.15:
        image = _darken_corners(rng, image)
    if rng.random() < 0.05:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.4:
        image = _add_noise(rng, image)
    return image, alpha


def _sharpen(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Unsharp masking, as telephones do it: edges overshoot, and stay where they are."""
    amount = rng.uniform(0.2, 1)
    return cv2.addWeighted(
        image, 1 + amount, cv2.GaussianBlur(image, (0, 0), rng.uniform(0.6, 1.5)), -amount, 0
    )


def _darken_corners(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in image.shape[:2])
    light = 1 - rng.uniform(0.1, 0.5) * (rows[:, np.newaxis] ** 2 + columns**2) / 2
    return np.round(image * light[..., np.newaxis]).astype(np.uint8)


def _add_noise(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Noise of each pixel, or coarse as after a camera's own noise reduction."""
    noise = rng.standard_normal(image.shape, np.float32)
    if rng.random() < 0.3:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.8) * 2.5
    return np.clip(np.round(image + noise * rng.uniform(1, 10)), 0, 255).astype(np.uint8)
