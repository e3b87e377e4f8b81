"""A photo of any shape in the network's square, its aspect ratio kept."""

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
        """What of a map (S, S) belongs to the photo."""
        return square[self.top : self.top + self.height, self.left : self.left + self.width]


def letterbox(image: np.ndarray, size: int, mean: Sequence[float]) -> tuple[np.ndarray, Place]:
    """Resize a photo, BGR (H, W, 3) uint8, so that it just fits a square, in the middle of bars.

    The bars have the colour `mean`, which the network sees as zero.

    Returns:
        (size, size, 3) uint8 and the photo's place.
    """
    longest = max(image.shape[:2])
    height, width = (max(1, round(side * size / longest)) for side in image.shape[:2])
    place = Place((size - height) // 2, (size - width) // 2, height, width)
    square = np.empty((size, size, 3), np.uint8)
    square[:] = np.round(mean)
    place.cut(square)[:] = resize(image, height, width)
    return square, place
