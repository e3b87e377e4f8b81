"""Tapered tubes with round ends: limbs, necks and fingers."""

from typing import NamedTuple

import numpy as np


class Solid(NamedTuple):
    """A solid seen from the front; planes are (H, W) float32, lengths in half heads.

    Attributes:
        height: towards the viewer; falls off steeply outside the solid.
        outside: distance to the edge in the image plane, negative inside.
        across, along: coordinates on the solid.
        bare: 1 where it is not clothed.
    """

    height: np.ndarray
    outside: np.ndarray
    across: np.ndarray
    along: np.ndarray
    bare: np.ndarray


def tube(x: np.ndarray, y: np.ndarray, start, end, first_radius: float, last_radius: float) -> Solid:
    """Make a tube from `start` to `end`, (3,) each; `along` runs from 0 to 1, `bare` is 0."""
    start, end = np.asarray(start, np.float32), np.asarray(end, np.float32)
    axis = end - start
    square = max(float(axis[0] ** 2 + axis[1] ** 2), 1e-4)
    dx, dy = x - start[0], y - start[1]
    along = np.clip((dx * axis[0] + dy * axis[1]) / square, 0, 1)
    across = (dx * axis[1] - dy * axis[0]) / np.sqrt(square)
    dx, dy = dx - along * axis[0], dy - along * axis[1]
    away = np.sqrt(dx * dx + dy * dy)
    radius = first_radius + (last_radius - first_radius) * along
    ratio = away / radius
    dome = radius * np.sqrt(np.clip(1 - ratio * ratio, 0.0, 1))
    height = start[2] + along * axis[2] + dome - 10 * np.clip(away - radius, 0, None)
    return Solid(height, away - radius, across, along, np.zeros_like(along))
