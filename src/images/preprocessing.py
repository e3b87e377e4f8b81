"""Converts a photo to the network's input, and the network's alpha back to the photo's size."""

from collections.abc import Sequence

import cv2
import numpy as np


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize (H, W) or (H, W, 3) uint8 without aliasing; the aspect ratio is not kept.

    Sides that shrink are resized first, by averaging (OpenCV averages only if no side grows), then
    sides that grow, bilinearly.
    """
    not_larger = min(width, image.shape[1]), min(height, image.shape[0])
    shrunk = cv2.resize(image, not_larger, interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)


def resize_trimap(trimap: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize (H, W) uint8 without creating new values.

    Plain INTER_NEAREST would shift the trimap against photo and alpha by up to half a pixel.
    """
    return cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)


def normalise(image: np.ndarray, mean: Sequence[float]) -> np.ndarray:
    """Normalise BGR (H, W, 3) uint8 to (3, H, W) float32: (image - mean) / 255."""
    normalised = (image.astype(np.float32) - np.asarray(mean, np.float32)) / np.float32(255)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def normalise_rgb(image: np.ndarray) -> np.ndarray:
    """Normalise BGR (H, W, 3) uint8 to RGB (3, H, W) float32 in [-1, 1]: (image - 127.5) / 127.5."""
    normalised = (image[..., ::-1].astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def alpha_to_float(alpha: np.ndarray) -> np.ndarray:
    """Convert alpha from 0..255 uint8 to [0, 1] float32."""
    return alpha.astype(np.float32) / np.float32(255)


def alpha_to_bytes(alpha: np.ndarray) -> np.ndarray:
    """Convert alpha from [0, 1] float32 to 0..255 uint8, rounding."""
    return np.round(alpha * 255).astype(np.uint8)


def upsample_alpha(pred_alpha: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize the network's alpha (h, w) float32 to the photo's size, bicubic, clipped to [0, 1]."""
    return np.clip(cv2.resize(pred_alpha, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
