"""Thin-plate splines: smooth bending of a picture by shifts of a grid of points.

The interpolation of least bending energy (Bookstein, Principal Warps, 1989).
"""

import functools

import cv2
import numpy as np

POINTS = 4  # a side of the grid, from edge to edge of the picture
_CELLS = 48  # a side; the bending is so smooth that it is computed at this size and enlarged


def bending(shifts: np.ndarray, height: int, width: int) -> np.ndarray:
    """The shift of every pixel.

    Args:
        shifts: (4, 4, 2) of the grid's points, from the upper left one on, in any unit.
        height: of the picture in pixels.
        width: of the picture in pixels.

    Returns:
        (H, W, 2) float32 in the unit of `shifts`.
    """
    small = (_influences() @ shifts.reshape(-1, 2)).reshape(_CELLS, _CELLS, 2)
    return cv2.resize(small.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


@functools.cache
def _influences() -> np.ndarray:
    """(cells, points): by how much each cell's centre follows a shift of each point of the grid."""
    points = _grid(np.linspace(0, 1, POINTS))
    count = len(points)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _energy(points, points)
    plane = np.column_stack([np.ones(count), points])
    system[:count, count:], system[count:, :count] = plane, plane.T
    weights = np.linalg.inv(system)[:, :count]
    cells = _grid((np.arange(_CELLS) + 0.5) / _CELLS)
    return np.column_stack([_energy(cells, points), np.ones(len(cells)), cells]) @ weights


def _grid(places: np.ndarray) -> np.ndarray:
    """(N * N, 2) points, row by row."""
    return np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2)


def _energy(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """r^2 log r of all distances r between two sets of points."""
    squares = np.square(some[:, np.newaxis] - others).sum(axis=2)
    return 0.5 * squares * np.log(np.maximum(squares, 1e-12))
