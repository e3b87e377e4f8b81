"""Streets: house fronts on both sides of a road that leads to a vanishing point."""

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels
from src.portrait.scenery import near_color, unit_grid


def draw_street(rng, shape, base, unit):
    """Draw house fronts on both sides of a road that leads to a vanishing point, and the sky."""
    height, width = shape
    x, y = unit_grid(shape)
    sky = np.array([235, 215, 190]) * rng.uniform(0.6, 1.05)
    image = np.ascontiguousarray(
        np.broadcast_to(sky * (1 + 0.12 * y[..., None]) * np.ones_like(x)[..., None], (*shape, 3)).astype(
            np.float32
        )
    )
    eye = np.array([rng.uniform(0.25, 0.75) * width, rng.uniform(0.4, 0.6) * height])
    road = [(0, height), eye, (width, height)]
    cv2.fillPoly(
        image, [to_subpixels([(0, eye[1]), (width, eye[1]), (width, height), (0, height)])], (120, 124, 126)
    )
    cv2.fillPoly(
        image, [to_subpixels(road)], near_color(rng, np.full(3, 92), 12).tolist(), cv2.LINE_AA, SUBPIXEL_BITS
    )
    for edge in (-0.05 * width, 1.05 * width):
        depths = np.geomspace(1.0, 0.12, rng.integers(4, 7))
        for near, far in zip(depths[:-1], depths[1:], strict=True):
            color = near_color(rng, base * rng.uniform(0.5, 1.2), 22)
            _front(rng, image, eye, edge, (near, far), rng.uniform(1.0, 2.6) * height * 0.5, color)
    return image


def _front(rng, image, eye, edge, depths, tall, color) -> None:
    """Draw one house front between two depths (fractions of the way from the vanishing point to the edge)."""

    def at(depth, up):
        return eye + depth * np.array([edge - eye[0], 0.32 * image.shape[0] - up])

    near, far = depths
    wall = [at(near, 0), at(far, 0), at(far, tall), at(near, tall)]
    cv2.fillPoly(image, [to_subpixels(wall)], color.tolist(), cv2.LINE_AA, SUBPIXEL_BITS)
    columns, rows = rng.integers(2, 4), rng.integers(3, 7)
    glass = near_color(rng, color * rng.choice([0.4, 1.5]), 10).tolist()
    # Equal widths on the wall are equal steps of 1 / depth.
    steps = 1 / np.linspace(1 / near, 1 / far, 3 * columns + 1)
    for column in range(columns):
        a, b = steps[3 * column + 1], steps[3 * column + 2]
        for row in range(rows):
            low, high = (row + 0.3) / rows * tall, (row + 0.8) / rows * tall
            pane = [at(a, low), at(b, low), at(b, high), at(a, high)]
            cv2.fillPoly(image, [to_subpixels(pane)], glass, cv2.LINE_AA, SUBPIXEL_BITS)
