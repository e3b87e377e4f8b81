"""Ellipsoids fixed to the head, seen from the front."""

import numpy as np


def ellipsoid_front(
    turn: np.ndarray, center: np.ndarray, radii: tuple[float, float, float], x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the front of an ellipsoid along the line of sight.

    Args:
        turn: (3, 3) rotation of the head.
        center: (3,) middle of the ellipsoid, in the head's own directions.
        radii: along the head's own axes.
        x, y: (1, W) and (H, 1) coordinates in the plane of the image from the middle of the head.

    Returns:
        height (H, W): towards the viewer; beyond the edge, that of the ellipsoid's middle.
        inside (H, W): above 0 within the edge, 1 where the line of sight meets the middle.
        place (3, H, W): the point in the head's own directions, from the ellipsoid's middle.

    All in the same unit of length.
    """
    form = turn @ np.diag(1 / np.square(radii)) @ turn.T
    middle = turn @ center
    x, y = x - middle[0], y - middle[1]
    linear = form[0, 2] * x + form[1, 2] * y
    square = form[0, 0] * x * x + 2 * form[0, 1] * x * y + form[1, 1] * y * y
    inside = 1 - square + linear * linear / form[2, 2]
    depth = (np.sqrt(np.maximum(inside * form[2, 2], 0)) - linear) / form[2, 2]
    place = np.stack([turn[0, i] * x + turn[1, i] * y + turn[2, i] * depth for i in range(3)])
    return depth + middle[2], inside, place
