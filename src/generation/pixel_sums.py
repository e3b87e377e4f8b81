"""Mean and standard deviation over many images, from exact sums."""

import functools
import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class PixelSums:
    """The number of pixels and, per channel, the sums of values 0..255 and of their squares."""

    pixels: int
    values: tuple[int, ...]
    squares: tuple[int, ...]

    @classmethod
    def of(cls, image: np.ndarray) -> "PixelSums":
        """Compute the sums of one image, (H, W) or (H, W, C) uint8."""
        channels = cv2.split(image)
        return cls(
            channels[0].size,
            tuple(round(cv2.sumElems(channel)[0]) for channel in channels),
            # OpenCV squares a root: the result can lie just below the whole number.
            tuple(round(cv2.norm(channel, cv2.NORM_L2SQR)) for channel in channels),
        )

    @classmethod
    def total(cls, sums: Iterable["PixelSums"]) -> "PixelSums":
        """Add up the sums of one or more images."""
        return functools.reduce(operator.add, sums)

    def __add__(self, other: "PixelSums") -> "PixelSums":
        return PixelSums(
            self.pixels + other.pixels,
            tuple(map(sum, zip(self.values, other.values, strict=True))),
            tuple(map(sum, zip(self.squares, other.squares, strict=True))),
        )

    def mean(self) -> list[float]:
        """Return the mean of each channel, 0..255."""
        return [value / self.pixels for value in self.values]

    def deviation(self) -> list[float]:
        """Return the population standard deviation of each channel over all pixels, 0..127.5."""
        # The sums of squares in journals of older code can be too small by 1 for each image.
        return [
            math.sqrt(max(0, square * self.pixels - value * value)) / self.pixels
            for value, square in zip(self.values, self.squares, strict=True)
        ]
