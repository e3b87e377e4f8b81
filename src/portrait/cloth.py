"""Cloth: repeating patterns and folds."""

import cv2
import numpy as np

from src.portrait.noise import smooth_noise

TILE = 192  # size of a pattern's repeat, in pixels

_CLOTH_COLORS = np.array(
    [
        (240, 238, 234),
        (232, 224, 208),
        (28, 28, 32),
        (70, 72, 78),
        (140, 142, 146),
        (34, 46, 84),
        (70, 110, 170),
        (150, 186, 214),
        (150, 34, 40),
        (206, 92, 74),
        (226, 168, 176),
        (214, 170, 70),
        (62, 92, 66),
        (120, 140, 100),
        (96, 62, 110),
        (120, 82, 56),
        (190, 160, 126),
        (40, 100, 104),
    ]
)
_KINDS = ("plain", "stripes", "pinstripes", "checks", "dots", "leaves", "knit")
_KIND_CHANCES = (0.42, 0.16, 0.06, 0.11, 0.07, 0.09, 0.09)


def random_cloth_color(rng: np.random.Generator) -> np.ndarray:
    """Draw a random color, BGR (3,) float32 0..255."""
    color = _CLOTH_COLORS[rng.integers(len(_CLOTH_COLORS))][::-1] * rng.uniform(0.85, 1.08)
    return np.clip(color, 4, 250).astype(np.float32)


def make_tile(rng: np.random.Generator, color: np.ndarray) -> tuple[np.ndarray, float]:
    """Draw a piece of cloth that tiles seamlessly.

    Returns:
        (TILE, TILE, 3) uint8 BGR and the width of the repeat in half heads.
    """
    kind = rng.choice(_KINDS, p=_KIND_CHANCES)
    second = random_cloth_color(rng)
    place = np.arange(TILE) / TILE
    x, y = place[None], place[:, None]
    size = rng.uniform(0.35, 1.3)
    if kind == "stripes":
        amount = _bands(y if rng.random() < 0.75 else x, rng.uniform(0.3, 0.6))
    elif kind == "pinstripes":
        amount = _bands(x * 3 % 1, 0.12) * 0.7
    elif kind == "checks":
        wide = rng.uniform(0.35, 0.5)
        amount = (_bands(x, wide) + _bands(y, wide)) / 2 + 0.35 * (
            _bands(x + 0.25, 0.05) + _bands(y + 0.3, 0.05)
        )
    elif kind == "dots":
        amount = _dots(x, y, rng.uniform(0.14, 0.22))
        size *= 0.6
    elif kind == "leaves":
        amount = _leaves(rng)
    else:
        amount = np.zeros((TILE, TILE))
    amount = np.clip(np.broadcast_to(amount, (TILE, TILE)), 0, 1)[..., None]
    tile = color + amount * (second - color)
    if kind == "knit":
        size = 0.5
        tile = tile * (0.9 + 0.1 * np.cos(2 * np.pi * (x * 6 + 0.35 * np.abs(y * 8 % 1 - 0.5))))[..., None]
    grain = np.sin(2 * np.pi * 48 * x) * np.sin(2 * np.pi * 48 * y)
    return np.clip(tile * (1 + 0.03 * grain[..., None]), 0, 255).astype(np.uint8), size


def _bands(place: np.ndarray, share: float) -> np.ndarray:
    """1 in a band that covers `share` of the repeat, with soft edges."""
    away = np.abs(place % 1 - 0.5)
    return np.clip((share / 2 - away) * TILE / 3 + 0.5, 0, 1)


def _dots(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    amount = 0
    for shift in (0, 0.5):
        away = np.hypot((x + shift) % 1 - 0.5, (y + shift) % 1 - 0.5)
        amount = np.maximum(amount, np.clip((radius - away) * TILE / 3, 0, 1))
    return amount


def _leaves(rng: np.random.Generator) -> np.ndarray:
    big = np.zeros((3 * TILE, 3 * TILE), np.uint8)
    for _ in range(rng.integers(7, 16)):
        place, axes = rng.uniform(0, TILE, 2), rng.uniform(0.05, 0.16, 2) * TILE
        angle, shade = rng.uniform(0, 180), int(rng.integers(120, 256))
        for row in range(3):
            for column in range(3):
                middle = (int(place[0] + column * TILE), int(place[1] + row * TILE))
                cv2.ellipse(big, middle, (int(axes[0]), int(axes[1])), angle, 0, 360, shade, -1, cv2.LINE_AA)
    return big[TILE : 2 * TILE, TILE : 2 * TILE] / 255


def make_folds(rng: np.random.Generator, shape: tuple[int, int], unit: float) -> np.ndarray:
    """Draw heights of folds, `shape` float32 in pixels: long, soft ridges in varying directions."""
    folds = np.zeros(shape, np.float32)
    for lean in (-1, 1):
        noise = smooth_noise(rng, (shape[0], shape[1] + shape[0]), (1.1 * unit, 0.32 * unit), 2)
        slant = np.float32([[1, 0.55 * lean, -0.3 * shape[0] - 0.2 * lean * shape[0]], [0, 1, 0]])
        ridges = cv2.warpAffine(1 - np.abs(noise) * 1.8, slant, shape[::-1], borderMode=cv2.BORDER_REFLECT)
        folds += ridges * np.clip(0.25 + 1.2 * smooth_noise(rng, shape, 1.4 * unit, 1), 0, 1)
    folds = cv2.GaussianBlur(folds, (0, 0), 0.012 * unit + 0.6) * np.float32(0.036 * unit)
    return folds + smooth_noise(rng, shape, (0.9 * unit, 0.6 * unit), 2) * np.float32(0.06 * unit)
