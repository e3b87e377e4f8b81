"""Letterboxing: fits a photo into the network's square input, keeping its aspect ratio."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from src.images.preprocessing import resize


class Place(NamedTuple):
    """Where the photo lies in the square, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, square: np.ndarray) -> np.ndarray:
        """The part of a map (S, S) that the photo covers, as a view."""
        return square[self.top : self.top + self.height, self.left : self.left + self.width]


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
    place = letterbox_place(*image.shape[:2], size)
    square = np.empty((size, size, 3), np.uint8)
    square[:] = np.round(mean)
    place.cut(square)[:] = resize(image, place.height, place.width)
    return square
