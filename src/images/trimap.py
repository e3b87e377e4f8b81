"""The trimap: its classes, its grey values, and making it from alpha."""

from enum import IntEnum

import cv2
import numpy as np

# Alpha from this value up counts as opaque: hand-made mattes often stop just short of 255.
_NEARLY_OPAQUE = 250


class TrimapClass(IntEnum):
    """A class's channel in the trimap logits, which is also its value in a class map."""

    BACKGROUND = 0
    FOREGROUND = 1
    UNSURE = 2


GRAY_OF_CLASS = np.array([0, 255, 128], np.uint8)  # in the order of TrimapClass


def make_trimap(alpha: np.ndarray, kernel_size: int) -> np.ndarray:
    """Make a trimap from alpha.

    Foreground is where eroded alpha is still (nearly) opaque, background where dilated alpha is still
    0; soft alpha is always unsure.

    Args:
        alpha: (H, W) uint8, 0 background to 255 foreground.
        kernel_size: side of the square kernel, in pixels.

    Returns:
        (H, W) uint8 with the values 0 background, 128 unsure, 255 foreground.
    """
    kernel = np.ones((kernel_size, kernel_size), np.uint8)
    trimap = np.full_like(alpha, GRAY_OF_CLASS[TrimapClass.UNSURE])
    trimap[cv2.erode(alpha, kernel) >= _NEARLY_OPAQUE] = GRAY_OF_CLASS[TrimapClass.FOREGROUND]
    trimap[cv2.dilate(alpha, kernel) == 0] = GRAY_OF_CLASS[TrimapClass.BACKGROUND]
    return trimap


def soft_trimap(alpha: np.ndarray, erosion_side: int, dilation_side: int) -> np.ndarray:
    """Make MODNet's trimap from alpha (H, W) float32 in [0, 1]: 0 background, 0.5 unsure, 1 foreground.

    Args:
        alpha: from 0.9 up, it counts as opaque.
        erosion_side: side of the square by which the opaque part shrinks, in pixels.
        dilation_side: side of the square by which what is not 0 grows.
    """
    opaque, present = ((alpha >= 0.9).astype(np.uint8), (alpha > 0).astype(np.uint8))
    opaque = cv2.erode(opaque, np.ones((erosion_side, erosion_side), np.uint8))
    present = cv2.dilate(present, np.ones((dilation_side, dilation_side), np.uint8))
    return np.where(opaque > 0, 1, np.where(present > 0, 0.5, 0)).astype(np.float32)


def draw_trimap_sides(rng: np.random.Generator, size: int) -> tuple[int, int]:
    """Sides for `soft_trimap`: 10 to 20 pixels each for pictures of 256, in proportion for others."""
    erosion, dilation = rng.integers(10, 21, 2) * size / 256
    return max(1, round(erosion)), max(1, round(dilation))


def trimap_to_class_map(trimap: np.ndarray) -> np.ndarray:
    """Convert grey values {0, 128, 255}, (H, W) uint8, to class numbers (H, W) int32.

    Other values, which older trimaps contain, become unsure.
    """
    class_map = np.full(trimap.shape, TrimapClass.UNSURE, np.int32)
    class_map[trimap == 0] = TrimapClass.BACKGROUND
    class_map[trimap == 255] = TrimapClass.FOREGROUND
    return class_map


def class_map_to_trimap(class_map: np.ndarray) -> np.ndarray:
    """Convert class numbers (H, W) to grey values (H, W) uint8."""
    return GRAY_OF_CLASS[class_map]
