"""Drawing tools shared by all backgrounds: colors, uneven light and shapes."""

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels


def random_color(rng: np.random.Generator) -> np.ndarray:
    """Draw a random color, BGR (3,) float32 0..255; saturated colors are rare."""
    hue, strength, value = rng.uniform(0, 180), rng.beta(1.2, 2.6) * 220, rng.uniform(45, 235)
    pixel = np.array([[[hue, strength, value]]], np.uint8)
    return cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0].astype(np.float32)


def near_color(rng: np.random.Generator, base: np.ndarray, reach: float) -> np.ndarray:
    """Draw a color about `reach` (on 0..255) away from `base`, mostly in brightness."""
    return np.clip(base + rng.normal(0, reach) + rng.normal(0, reach / 3, 3), 5, 250)


def unit_grid(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return x (1, W) and y (H, 1) of a frame's pixels, both from -1 to 1."""
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)
    return x[None], np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]


def uneven_light(rng: np.random.Generator, shape, strength: float) -> np.ndarray:
    """Draw uneven light, (H, W, 1) with values around 1."""
    x, y = unit_grid(shape)
    away = np.square(x - rng.uniform(-0.9, 0.9)) + np.square(y - rng.uniform(-0.9, 0.3))
    return (1 + strength * (np.exp(-away / rng.uniform(0.5, 2.5)) - 0.45))[..., None].astype(np.float32)


def fill_rectangle(image, left, top, right, bottom, color) -> None:
    """Fill a rectangle in `image`, (H, W, 3) float32, in place; coordinates are in pixels."""
    corners = to_subpixels([(left, top), (right, bottom)])
    cv2.rectangle(
        image,
        corners[0].tolist(),
        corners[1].tolist(),
        np.asarray(color).tolist(),
        -1,
        cv2.LINE_AA,
        SUBPIXEL_BITS,
    )
