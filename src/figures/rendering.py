"""Renders a dressed figure: triangles are painted by number from far to near, then each pixel is shaded."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from src.figures.body import Figure
from src.figures.clothes import Dressed
from src.figures.strands import draw_strands
from src.images.subpixels import SUBPIXEL_BITS, to_subpixels

_SAMPLES = 2  # pixels rendered for each of the picture's, along a side
_FOLD_WAVES = 10
_MARGIN = 0.02  # of the height


class View(NamedTuple):
    """From where a figure is seen.

    Args:
        turn: rotation (3, 3) applied to it.
        distance: of the camera, metres.
    """

    turn: np.ndarray
    distance: float


class Light(NamedTuple):
    """The light on a figure, with colours BGR (3,), 1: what is white and faces it has 255.

    Args:
        direction: to a lamp, (3,), of length 1, in the camera's axes: x right, y away, z up.
        lamp: its colour.
        ambient: the light from all sides.
    """

    direction: np.ndarray
    lamp: np.ndarray
    ambient: np.ndarray


def render(
    rng: np.random.Generator, figure: Figure, dressed: Dressed, view: View, light: Light, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """A picture of a figure, `height` pixels high, with narrow margins.

    Returns:
        BGR (height, W, 3) uint8, and alpha (height, W) uint8.
    """
    corners = np.vstack([surface.triangles for surface in dressed.surfaces])
    owner = np.repeat(np.arange(len(dressed.surfaces)), [len(s.triangles) for s in dressed.surfaces])
    points = (figure.posed + _normals(figure.posed, corners) * dressed.thickness[:, None]) @ view.turn.T
    normals = _normals(points, corners)
    flat, size = _project(points, view.distance, corners, height * _SAMPLES)
    shown = _visible(flat, corners, owner, [surface.both_sides for surface in dressed.surfaces])
    order = shown[np.argsort(-points[corners[shown]][:, :, 1].mean(axis=1))]
    numbers = _paint(flat, corners, order, size)
    inside = numbers >= 0
    where = np.argwhere(inside)
    triangle = numbers[inside]
    weights = _barycentric(where[:, ::-1] + 0.0, flat[corners[triangle]])
    places = _mix(weights, figure.rest[corners[triangle]])
    facing = _mix(weights, normals[corners[triangle]])
    image = np.zeros((*numbers.shape, 3), np.float32)
    image[inside] = _shade(rng, dressed, owner[triangle], places, facing, light)
    alpha = inside * np.float32(255)
    hair = np.zeros(numbers.shape, bool)
    hair[inside] = np.array([surface.strands for surface in dressed.surfaces])[owner[triangle]]
    draw_strands(rng, image, alpha, hair)
    return _shrunk(image, alpha)


def _shade(
    rng: np.random.Generator,
    dressed: Dressed,
    owner: np.ndarray,
    places: np.ndarray,
    facing: np.ndarray,
    light: Light,
) -> np.ndarray:
    colours = np.empty_like(places)
    waves = rng.normal(0, 1, (_FOLD_WAVES, 3)) * rng.uniform(20, 80, 3)
    phases = rng.uniform(0, 2 * np.pi, _FOLD_WAVES)
    slope = np.cos(places @ waves.T + phases) @ (waves / np.linalg.norm(waves, axis=1, keepdims=True))
    for k, surface in enumerate(dressed.surfaces):
        mine = owner == k
        colours[mine] = surface.pattern.colour(places[mine])
        facing[mine] += surface.folds * slope[mine]
    facing /= np.linalg.norm(facing, axis=1, keepdims=True) + 1e-9
    both = np.array([surface.both_sides for surface in dressed.surfaces])[owner]
    facing[both & (facing[:, 1] > 0)] *= -1  # the back of something thin
    facing[:, 1] = -np.abs(facing[:, 1])  # what is seen does not face away, though folds may bend it that far
    lit = np.clip(facing @ light.direction, 0, 1)[:, None]
    sky = 0.75 + 0.25 * facing[:, 2:]
    return np.clip(colours * (light.lamp * lit + light.ambient * sky), 0, 255)


def _normals(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Normals of vertices (V, 3): the mean of their triangles', weighted by area."""
    a, b, c = (points[corners[:, k]] for k in range(3))
    of_triangles = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for k in range(3):
        np.add.at(normals, corners[:, k], of_triangles)
    return normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12)


def _project(
    points: np.ndarray, distance: float, corners: np.ndarray, height: int
) -> tuple[np.ndarray, tuple[int, int]]:
    """Places in the picture, x and y in pixels (V, 2), such that it just holds what is used; and its size."""
    depth = np.maximum(points[:, 1] + distance, 0.3)
    flat = np.stack((points[:, 0], -points[:, 2]), axis=1) * (distance / depth)[:, None]
    used = flat[np.unique(corners)]
    low, high = used.min(axis=0), used.max(axis=0)
    margin = round(height * _MARGIN)
    scale = (height - 2 * margin) / (high[1] - low[1])
    width = int(np.ceil((high[0] - low[0]) * scale)) + 2 * margin
    flat = (flat - low) * scale + margin
    return flat, (height, width + width % 2)


def _visible(
    flat: np.ndarray, corners: np.ndarray, owner: np.ndarray, both_sides: Sequence[bool]
) -> np.ndarray:
    """Numbers of the triangles that are seen from their outer side, or have two sides."""
    a, b, c = (flat[corners[:, k]] for k in range(3))
    turns = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return np.flatnonzero((turns < 0) | np.asarray(both_sides)[owner])


def _paint(flat: np.ndarray, corners: np.ndarray, order: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The number of the triangle seen in each pixel, -1 where none is."""
    numbers = np.full(size, -1, np.int32)
    fixed = to_subpixels(flat)
    for triangle in order:
        cv2.fillConvexPoly(numbers, fixed[corners[triangle]], int(triangle), shift=SUBPIXEL_BITS)
    return numbers


def _barycentric(pixels: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (triangles[:, k] for k in range(3))
    ab, ac, ap = b - a, c - a, pixels - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    area = np.where(np.abs(area) < 1e-6, 1e-6, area)
    second = (ap[:, 0] * ac[:, 1] - ap[:, 1] * ac[:, 0]) / area
    third = (ab[:, 0] * ap[:, 1] - ab[:, 1] * ap[:, 0]) / area
    weights = np.clip(np.stack((1 - second - third, second, third), axis=1), 0, 1)
    return weights / weights.sum(axis=1, keepdims=True)


def _mix(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.einsum("nk,nkc->nc", weights, values)


def _shrunk(image: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the samples of each pixel; colours only of what is covered."""
    size = alpha.shape[1] // _SAMPLES, alpha.shape[0] // _SAMPLES
    alpha_small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    image = cv2.resize(image * (alpha / 255)[:, :, None], size, interpolation=cv2.INTER_AREA)
    image = image / np.maximum(alpha_small / 255, 1e-3)[:, :, None]
    return np.clip(image + 0.5, 0, 255).astype(np.uint8), (alpha_small + 0.5).astype(np.uint8)
