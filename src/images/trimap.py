"""The trimap: its classes, its grey values and how it is made from alpha."""

from enum import IntEnum

import cv2
import numpy as np

# Alpha values from here on count as opaque: mattes made by hand often stop just short of 255.
_NEARLY_OPAQUE = 250


class TrimapClass(IntEnum):
    """Channel of a class in the trimap logits and its number in a class map."""

    BACKGROUND = 0
    FOREGROUND = 1
    UNSURE = 2


GRAY_OF_CLASS = np.array([0, 255, 128], np.uint8)  # in the order of TrimapClass


def make_trimap(alpha: np.ndarray, kernel_size: int) -> np.ndarray:
    """Make a trimap from a matte.

    Certain foreground is what stays (nearly) opaque when alpha is eroded, certain background what
    stays 0 when it is dilated, so soft alpha is never called certain.

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


def trimap_to_class_map(trimap: np.ndarray) -> np.ndarray:
    """Turn grey values {0, 128, 255}, (H, W) uint8, into class numbers (H, W) int32.

    Values between, as older trimaps hold them, go to unsure.
    """
    class_map = np.full(trimap.shape, TrimapClass.UNSURE, np.int32)
    class_map[trimap == 0] = TrimapClass.BACKGROUND
    class_map[trimap == 255] = TrimapClass.FOREGROUND
    return class_map


def class_map_to_trimap(class_map: np.ndarray) -> np.ndarray:
    """Turn class numbers (H, W) into grey values (H, W) uint8."""
    return GRAY_OF_CLASS[class_map]
