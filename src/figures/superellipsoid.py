"""A solid between ball and box."""

import numpy as np

_RINGS = 24


def superellipsoid(extent: np.ndarray, exponent: float) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and triangles (T, 3), whose normals point outwards.

    Args:
        extent: half of the size in three directions, (3,).
        exponent: 2: an ellipsoid; the larger, the more like a box.
    """
    polar, around = np.meshgrid(
        np.linspace(1e-3, np.pi - 1e-3, _RINGS),
        np.linspace(0, 2 * np.pi, _RINGS, endpoint=False),
        indexing="ij",
    )
    directions = np.stack(
        (np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)), axis=-1
    )
    norm = (np.abs(directions) ** exponent).sum(axis=-1, keepdims=True) ** (1 / exponent)
    numbers = np.arange(_RINGS * _RINGS).reshape(_RINGS, _RINGS)
    beside = np.roll(numbers, -1, axis=1)
    a, b, c, d = (each.ravel() for each in (numbers[:-1], beside[:-1], numbers[1:], beside[1:]))
    triangles = np.vstack((np.stack((a, c, b), axis=1), np.stack((b, c, d), axis=1)))
    return (directions / norm).reshape(-1, 3) * extent, triangles
