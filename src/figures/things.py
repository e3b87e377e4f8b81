"""Things in a figure's hand: boxes, balls, sticks, plates and bags."""

import numpy as np

from src.figures.body import Body, Figure
from src.figures.clothes import Surface
from src.figures.pattern import draw_pattern
from src.figures.rotation import rotation

# Half of the extent in three directions, metres, from and to; and the exponent: 2 round, more: box-like.
_THINGS = {
    "phone": ((0.03, 0.005, 0.06), (0.045, 0.008, 0.085), 8),
    "cup": ((0.03, 0.03, 0.04), (0.05, 0.05, 0.1), 4),
    "stick": ((0.01, 0.01, 0.1), (0.03, 0.03, 0.6), 6),
    "paper": ((0.08, 0.003, 0.1), (0.2, 0.01, 0.3), 10),
    "ball": ((0.04, 0.04, 0.04), (0.13, 0.13, 0.13), 2),
    "bag": ((0.1, 0.04, 0.1), (0.22, 0.12, 0.2), 6),
}
_RINGS = 24


def hold(rng: np.random.Generator, body: Body, figure: Figure) -> tuple[Figure, Surface]:
    """Put a random thing into one hand; the figure with its vertices, and its surface."""
    name = str(rng.choice(list(_THINGS)))
    least, most, exponent = _THINGS[name]
    extent = rng.uniform(least, most)
    vertices, triangles = _solid(extent, exponent)
    side = rng.choice(("L", "R"))
    fingers = [f"finger{k}-1.{side}" for k in (2, 3, 4)]
    hand = figure.posed[np.isin(body.bones, fingers)].mean(axis=0)
    if name == "bag":
        turn, centre = rotation((0, 0, rng.uniform(-180, 180))), hand - (0, 0, extent[2] + 0.03)
    else:
        turn, centre = rotation(rng.normal(0, (40, 40, 90))), hand
    placed = vertices @ turn.T + centre
    pattern = draw_pattern(rng)
    surface = Surface(triangles + len(figure.rest), pattern)
    return figure._replace(
        rest=np.vstack((figure.rest, vertices)), posed=np.vstack((figure.posed, placed))
    ), surface


def _solid(extent: np.ndarray, exponent: float) -> tuple[np.ndarray, np.ndarray]:
    """A superellipsoid's vertices and triangles, whose normals point outwards."""
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
