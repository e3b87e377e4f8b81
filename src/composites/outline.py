"""Where someone is in a photo, and which of its edges cut that person."""

from typing import NamedTuple

import numpy as np

OPAQUE = 128  # a person whose alpha reaches this at an edge of the picture goes on beyond it


class Box(NamedTuple):
    """The first and, plus 1, the last row and column where someone is."""

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


class Cuts(NamedTuple):
    """Whether someone goes on beyond the edges of the photo."""

    above: bool
    below: bool
    left: bool
    right: bool


def find_box(alpha: np.ndarray) -> Box:
    """Where alpha (H, W) is above 0; somewhere it must be."""
    rows, columns = np.flatnonzero(alpha.max(axis=1)), np.flatnonzero(alpha.max(axis=0))
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def find_cuts(alpha: np.ndarray) -> Cuts:
    """Which edges of the photo cut the person of alpha (H, W) uint8."""
    return Cuts(*(bool(edge.max() >= OPAQUE) for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])))
