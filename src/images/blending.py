"""Composites a foreground over a background, and joins photo and alpha."""

from collections.abc import Iterable

import cv2
import numpy as np

Layer = tuple[np.ndarray, np.ndarray]  # foreground (H, W, 3) and alpha (H, W), uint8, at picture size

_STRIP = 1 << 17  # pixels at a time, of which the caches hold those that are blended
_CHECKER_SIDE = 16
_CHECKER_SHADES = (255, 205)


def blend(foreground: np.ndarray, background: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Blend: alpha * foreground + (1 - alpha) * background, rounded; strip by strip to save memory.

    Args:
        foreground: (H, W, 3) uint8.
        background: (H, W, 3) uint8, in the same channel order.
        alpha: (H, W) uint8.

    Returns:
        (H, W, 3) uint8.
    """
    result = background.copy()
    rows = max(1, _STRIP // foreground.shape[1])
    for top in range(0, len(result), rows):
        part = slice(top, top + rows)
        cv2.copyTo(foreground[part], (alpha[part] == 255).view(np.uint8), result[part])
        soft = np.flatnonzero((alpha[part] > 0) & (alpha[part] < 255))
        front, behind = (each[part].reshape(-1, 3).take(soft, axis=0) for each in (foreground, background))
        weight = np.repeat(alpha[part].reshape(-1).take(soft).astype(np.uint16), 3).reshape(-1, 3)
        mixed = front * weight
        mixed += behind * (255 - weight)
        # Division by 255, rounded: exact for all products of bytes.
        mixed += 128
        mixed += mixed >> 8
        result[part].reshape(-1, 3)[soft] = mixed >> 8
    return result


def blend_layers(
    layers: Iterable[Layer], background: np.ndarray, alpha: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Blend layers onto a background, from back to front, as `blend`.

    Args:
        layers: foregrounds and alphas.
        background: (H, W, 3) uint8.
        alpha: of who is in the background already, (H, W) uint8.

    Returns:
        The picture (H, W, 3) uint8, and the union of all alphas (H, W) uint8: 1 - product of (1 - alpha).
    """
    image, through = background, 1 - alpha / np.float32(255)
    for foreground, over in layers:
        image = blend(foreground, image, over)
        through = through * (1 - over / np.float32(255))
    return image, np.round(255 * (1 - through)).astype(np.uint8)


def cutout(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Join a photo, BGR (H, W, 3) uint8, and alpha (H, W) uint8 to BGRA (H, W, 4) uint8."""
    return np.dstack([image, alpha])


def on_checkerboard(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Composite a photo, BGR (H, W, 3) uint8, over a checkerboard that marks transparency.

    Args:
        image: the photo.
        alpha: (H, W) uint8.

    Returns:
        BGR (H, W, 3) uint8.
    """
    rows, columns = np.indices(alpha.shape) // _CHECKER_SIDE
    board = np.where((rows + columns) % 2, *_CHECKER_SHADES).astype(np.float32)
    weight = alpha.astype(np.float32)[..., np.newaxis] / 255
    return np.round(image * weight + board[..., np.newaxis] * (1 - weight)).astype(np.uint8)
