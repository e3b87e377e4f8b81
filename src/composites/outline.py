"""The bounding box of a person in a photo, and which edges of the photo cut the person off."""

from typing import NamedTuple

import numpy as np

OPAQUE = 128  # a person with alpha of at least this at an edge of the photo is cut off there


class Box(NamedTuple):
    """A bounding box in pixels; bottom and right are exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def person_size(self) -> float:
        """How large a person is: the height of what is seen, or 1.5 times its width where that is less."""
        return min(self.height, 1.5 * self.width)


class Cuts(NamedTuple):
    """Which edges of the photo cut the person off."""

    above: bool
    below: bool
    left: bool
    right: bool


def find_box(alpha: np.ndarray) -> Box:
    """Find the bounding box of alpha (H, W) > 0; alpha must not be 0 everywhere."""
    rows, columns = np.flatnonzero(alpha.max(axis=1)), np.flatnonzero(alpha.max(axis=0))
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def find_cuts(alpha: np.ndarray) -> Cuts:
    """Find which edges of the photo cut the person off; alpha is (H, W) uint8."""
    return Cuts(*(bool(edge.max() >= OPAQUE) for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])))
