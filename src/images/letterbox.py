"""Letterboxing: fits a photo into the network's square input, keeping its aspect ratio."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from src.images.preprocessing import resize


class Place(NamedTuple):
    """Where the photo lies in the square."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, square: np.ndarray) -> np.ndarray:
        """The part of a map (S, S) that the photo covers, as a view."""
        return square[self.top : self.top + self.height, self.left : self.left + self.width]


def letterbox(image: np.ndarray, size: int, mean: Sequence[float]) -> tuple[np.ndarray, Place]:
    """Resize a photo, BGR (H, W, 3) uint8, to fit a square, and centre it between bars.

    The bars have the colour `mean`, which normalisation turns into about zero.

    Returns:
        (size, size, 3) uint8 and the photo's place in it.
    """
    longest = max(image.shape[:2])
    height, width = (max(1, round(side * size / longest)) for side in image.shape[:2])
    place = Place((size - height) // 2, (size - width) // 2, height, width)
    square = np.empty((size, size, 3), np.uint8)
    square[:] = np.round(mean)
    place.cut(square)[:] = resize(image, height, width)
    return square, place
