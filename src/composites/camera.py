"""Camera effects: focus, sharpening, vignetting, loss of colour and noise."""

import math

import cv2
import numpy as np

from src.composites.light import change_light

_MOST_TURNED = 20  # degrees


def take_photo(
    rng: np.random.Generator, image: np.ndarray, alpha: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Change the light, then apply random camera effects.

    The effects are blur or sharpening, dark corners, loss of colour, and noise.

    Args:
        rng: source of randomness.
        image: BGR (H, W, 3) uint8.
        alpha: (H, W) uint8; blurred together with the image.

    Returns:
        The changed image and alpha, with the same shapes and types.
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
    """Apply unsharp masking, as phone cameras do: edges overshoot but do not move."""
    amount = rng.uniform(0.2, 1)
    return cv2.addWeighted(
        image, 1 + amount, cv2.GaussianBlur(image, (0, 0), rng.uniform(0.6, 1.5)), -amount, 0
    )


def _darken_corners(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in image.shape[:2])
    light = 1 - rng.uniform(0.1, 0.5) * (rows[:, np.newaxis] ** 2 + columns**2) / 2
    return np.round(image * light[..., np.newaxis]).astype(np.uint8)


def _add_noise(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Add noise, either per pixel or coarse as after a camera's noise reduction."""
    noise = rng.standard_normal(image.shape, np.float32)
    if rng.random() < 0.3:
        noise = cv2.GaussianBlur(noise, (0, 0), 0.8) * 2.5
    return np.clip(np.round(image + noise * rng.uniform(1, 10)), 0, 255).astype(np.uint8)


def turn(rng: np.random.Generator, image: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn a picture by up to 20 degrees and enlarge it until no corner is empty, as a camera held askew."""
    height, width = alpha.shape
    angle = rng.uniform(-_MOST_TURNED, _MOST_TURNED)
    across, along = abs(math.sin(math.radians(angle))), abs(math.cos(math.radians(angle)))
    scale = along + across * max(height / width, width / height)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    image, alpha = (
        cv2.warpAffine(each, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        for each in (image, alpha)
    )
    return image, alpha
