"""A knitted hat over the hair."""

from dataclasses import dataclass

import numpy as np

from src.portrait.cloth import random_cloth_color
from src.portrait.ellipsoid import ellipsoid_front
from src.portrait.geometry import smoothstep
from src.portrait.head import SKULL_DEPTH, TracedHead
from src.portrait.person import Person
from src.portrait.pose import Pose

_LIFT = 0.14  # above the skull, half heads


@dataclass(frozen=True)
class Hat:
    """A hat: BGR 0..255 (3,), number of ribs around the head, y of its edge and width of its cuff."""

    color: np.ndarray
    ribs: int
    edge: float
    cuff: float


def random_hat(rng: np.random.Generator) -> Hat:
    """Draw a random hat."""
    return Hat(
        random_cloth_color(rng), int(rng.integers(30, 70)), rng.uniform(-0.42, -0.3), rng.uniform(0.2, 0.38)
    )


def shape_hat(
    hat: Hat, person: Person, pose: Pose, head: TracedHead
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shape the hat in the window of the traced head.

    Returns:
        alpha (h, w) float32, height (h, w) float32 in pixels and color (h, w, 3) uint8 BGR.
    """
    shape = head.coverage.shape
    x = ((head.corner[1] + np.arange(shape[1]) - pose.head[0]) / pose.unit).astype(np.float32)[None]
    y = ((head.corner[0] + np.arange(shape[0]) - pose.head[1]) / pose.unit).astype(np.float32)[:, None]
    radii = (person.face_width + _LIFT, 1.02 + _LIFT, SKULL_DEPTH + _LIFT)
    height, inside, place = ellipsoid_front(pose.turn, np.zeros(3, np.float32), radii, x, y)
    # The edge is lower at the back of the head than at the forehead.
    above = hat.edge - 0.25 * place[2] + 0.2 - place[1]
    alpha = np.clip(inside * 0.45 * pose.unit + 0.5, 0, 1) * np.clip(above * pose.unit / 1.4 + 0.5, 0, 1)
    cuff = smoothstep(hat.cuff + 0.03, hat.cuff, above)
    around = np.arctan2(place[0], place[2])
    ribs = np.cos(hat.ribs * around)
    rows = np.cos(60 * place[1] + 1.5 * ribs)
    height = height + 0.05 * cuff + 0.008 * ribs * (1 + cuff) + 0.003 * rows
    color = hat.color * (0.93 + 0.05 * ribs + 0.03 * rows)[..., None]
    return (
        alpha.astype(np.float32),
        (pose.head[2] + pose.unit * height).astype(np.float32),
        np.clip(color, 0, 255).astype(np.uint8),
    )
