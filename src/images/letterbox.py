"""Letterboxing: fits a photo into the network's square input, keeping its aspect ratio."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from src.images.preprocessing import resize, resize_trimap

PUBLISHED_MEAN = (114, 121, 134)  # BGR, of photos; the colour of bars, and subtracted before SHM and PSPNet


class Place(NamedTuple):
    """A part of an image, in pixels: where a photo lies in the square, or what is looked at in a photo."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The part of an image (H, W) or (H, W, C), as a view."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


def letterbox_place(height: int, width: int, size: int) -> Place:
    """Where `letterbox` puts a photo of height x width."""
    longest = max(height, width)
    height, width = (max(1, round(side * size / longest)) for side in (height, width))
    return Place((size - height) // 2, (size - width) // 2, height, width)


def stretched_place(height: int, width: int, size: int) -> Place:
    """The whole square, which a stretched photo of height x width fills."""
    return Place(0, 0, size, size)


def letterbox(image: np.ndarray, size: int, mean: Sequence[float]) -> np.ndarray:
    """Resize a photo, BGR (H, W, 3) uint8, to fit a square, and centre it between bars.

    The bars have the colour `mean`, which normalisation maps to about zero.

    Returns:
        (size, size, 3) uint8.
    """
    return _letterbox(image, size, np.round(mean).tolist(), resize)


def stretch_sample(
    image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Resize image, trimap and alpha (H, W[, 3]) uint8 to (size, size); the aspect ratio is not kept."""
    return resize(image, size, size), resize_trimap(trimap, size, size), resize(alpha, size, size)


def letterbox_sample(
    image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray, size: int, mean: Sequence[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same as `letterbox` does it; the bars are background."""
    return (
        letterbox(image, size, mean),
        _letterbox(trimap, size, [0], resize_trimap),
        _letterbox(alpha, size, [0], resize),
    )


def _letterbox(
    values: np.ndarray,
    size: int,
    bars: Sequence[float],
    fit: Callable[[np.ndarray, int, int], np.ndarray],
) -> np.ndarray:
    place = letterbox_place(*values.shape[:2], size)
    below, right = size - place.top - place.height, size - place.left - place.width
    return cv2.copyMakeBorder(
        fit(values, place.height, place.width),
        place.top,
        below,
        place.left,
        right,
        cv2.BORDER_CONSTANT,
        value=bars,
    )
