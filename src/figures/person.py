"""A random person: a body of any grown-up's shape in any pose, dressed, lit and seen from anywhere around."""

import numpy as np

from src.figures.body import load_body
from src.figures.clothes import Dressed, dress
from src.figures.pose import draw_pose
from src.figures.rendering import Light, View, render
from src.figures.rotation import rotation
from src.figures.things import hold

_HOLDS = 0.35  # share of people who hold something


def draw_person(rng: np.random.Generator, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Render a random person.

    Args:
        rng: source of randomness.
        height: of the picture in pixels.

    Returns:
        BGR (height, W, 3) uint8 and alpha (height, W) uint8, with narrow margins.

    Raises:
        UserError: the package `anny` is missing.
    """
    body = load_body()
    shape = {name: rng.uniform(0.15, 0.85) for name in body.shape_names}
    shape["age"] = rng.uniform(0.7, 0.95)  # grown up: by Anny's table, 0.77 are 18 years, 1 the oldest
    pose = draw_pose(rng, body.figure(shape, {}).joints)
    figure = body.figure(shape, pose.rotations)
    surfaces, thickness = dress(rng, body, figure, skirt=pose.stands)
    if rng.random() < _HOLDS:
        figure, thing = hold(rng, body, figure)
        surfaces.append(thing)
        thickness = np.pad(thickness, (0, len(figure.rest) - len(thickness)))
    return render(rng, figure, Dressed(surfaces, thickness), _draw_view(rng), _draw_light(rng), height)


def _draw_view(rng: np.random.Generator) -> View:
    """Mostly from the front; a tenth from anywhere around."""
    around = rng.normal(0, 45) if rng.random() < 0.9 else rng.uniform(-180, 180)
    turn = rotation((0, rng.normal(0, 4), 0)) @ rotation((rng.normal(0, 10), 0, 0)) @ rotation((0, 0, around))
    return View(turn, rng.uniform(1.8, 7))


def _draw_light(rng: np.random.Generator) -> Light:
    direction = np.array((rng.normal(0, 0.8), -1, rng.uniform(-0.2, 1.3)))
    lamp = rng.uniform(0.2, 1) * rng.uniform(0.85, 1.1, 3)
    ambient = (1.3 - lamp.mean()) * rng.uniform(0.9, 1.1, 3)
    return Light(direction / np.linalg.norm(direction), lamp, ambient)
