"""Affine changes of a picture about its centre: turned, sheared, scaled and shifted."""

from typing import NamedTuple

import numpy as np


class Affine(NamedTuple):
    """An affine change; the default changes nothing."""

    rotation: float = 0.0  # degrees, clockwise as seen
    shear: float = 0.0  # degrees by which upright lines lean
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)  # to the right and down, relative to width and height

    def matrix(self, height: int, width: int) -> np.ndarray:
        """(2, 3) float64, which takes a pixel (x, y, 1) of a picture of this size to its new place."""
        angle = np.deg2rad(self.rotation)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = self.scale * turn @ np.array([[1, np.tan(np.deg2rad(self.shear))], [0, 1]])
        size = np.array([width, height])
        centre = (size - 1) / 2
        return np.column_stack([linear, centre + self.shift * size - linear @ centre])


class AffineRanges(NamedTuple):
    """From where changes are drawn."""

    rotation: float  # degrees, up to this in either direction
    shear: float  # degrees, likewise
    scale: tuple[float, float]
    shift: float  # relative to the side, in either direction

    def draw(self, rng: np.random.Generator) -> Affine:
        """Draw a change; each of its parts is uniform in its range."""
        rotation, shear = (rng.uniform(-most, most) for most in (self.rotation, self.shear))
        scale = rng.uniform(*self.scale)
        return Affine(rotation, shear, scale, tuple(rng.uniform(-self.shift, self.shift, 2)))
