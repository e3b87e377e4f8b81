"""Things in a figure's hand: phones, cups, sticks, sheets of paper, balls and bags."""

import numpy as np

from src.figures.body import Body, Figure
from src.figures.clothes import Surface
from src.figures.pattern import draw_pattern
from src.figures.rotation import rotation
from src.figures.superellipsoid import superellipsoid

# Half of the extent in three directions, metres, from and to; and the exponent of `superellipsoid`.
_THINGS = {
    "phone": ((0.03, 0.005, 0.06), (0.045, 0.008, 0.085), 8),
    "cup": ((0.03, 0.03, 0.04), (0.05, 0.05, 0.1), 4),
    "stick": ((0.01, 0.01, 0.1), (0.03, 0.03, 0.6), 6),
    "paper": ((0.08, 0.003, 0.1), (0.2, 0.01, 0.3), 10),
    "ball": ((0.04, 0.04, 0.04), (0.13, 0.13, 0.13), 2),
    "bag": ((0.1, 0.04, 0.1), (0.22, 0.12, 0.2), 6),
}


def hold(rng: np.random.Generator, body: Body, figure: Figure) -> tuple[Figure, Surface]:
    """Put a random thing into one hand; the figure with its vertices, and its surface."""
    name = str(rng.choice(list(_THINGS)))
    least, most, exponent = _THINGS[name]
    extent = rng.uniform(least, most)
    vertices, triangles = superellipsoid(extent, exponent)
    side = rng.choice(("L", "R"))
    fingers = [f"finger{k}-1.{side}" for k in (2, 3, 4)]
    hand = figure.posed[np.isin(body.bones, fingers)].mean(axis=0)
    if name == "bag":
        turn, centre = rotation((0, 0, rng.uniform(-180, 180))), hand - (0, 0, extent[2] + 0.03)
    else:
        turn, centre = rotation(rng.normal(0, (40, 40, 90))), hand
    placed = vertices @ turn.T + centre
    both = figure._replace(rest=np.vstack((figure.rest, vertices)), posed=np.vstack((figure.posed, placed)))
    return both, Surface(triangles + len(figure.rest), draw_pattern(rng))
