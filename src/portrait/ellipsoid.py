"""Ellipsoids attached to the head, seen from the front."""

import numpy as np


def ellipsoid_front(
    turn: np.ndarray, center: np.ndarray, radii: tuple[float, float, float], x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the front surface of an ellipsoid along each line of sight.

    Args:
        turn: (3, 3) rotation of the head.
        center: (3,) center of the ellipsoid, in the head's coordinates.
        radii: along the head's axes.
        x, y: (1, W) and (H, 1) image plane coordinates, from the center of the head.

    Returns:
        height (H, W): towards the viewer; outside the ellipsoid, on the plane through its center and edge.
        inside (H, W): above 0 inside the edge, 1 where the line of sight meets the center.
        place (3, H, W): the point in the head's coordinates, from the ellipsoid's center.

    All lengths have the same unit.
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
