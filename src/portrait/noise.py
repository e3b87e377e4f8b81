"""Smooth random fields."""

import cv2
import numpy as np


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], cell: float | tuple[float, float], octaves: int = 3
) -> np.ndarray:
    """Sum smooth random grids of increasing fineness, each half as strong as the one before.

    Args:
        rng: random source for the grid values.
        shape: height and width of the field in pixels.
        cell: width of the coarsest grid cells in pixels, or their (height, width).
        octaves: number of grids.

    Returns:
        `shape` float32, mean near 0, values within about -1 .. 1.
    """
    height, width = shape
    cell_height, cell_width = cell if isinstance(cell, tuple) else (cell, cell)
    field = np.zeros(shape, np.float32)
    strength = 1.0
    for _ in range(octaves):
        rows = max(2, round(height / cell_height) + 2)
        columns = max(2, round(width / cell_width) + 2)
        grid = rng.uniform(-strength, strength, (rows, columns)).astype(np.float32)
        field += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        strength /= 2
        cell_height, cell_width = cell_height / 2, cell_width / 2
    return field
