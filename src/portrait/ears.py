"""Ears, added to the traced head."""

import numpy as np

from src.portrait.ellipsoid import ellipsoid_front
from src.portrait.geometry import smoothstep
from src.portrait.head import TracedHead
from src.portrait.person import Person
from src.portrait.pose import Pose

_RADII = (0.07, 0.23, 0.13)  # half heads


def add_ears(head: TracedHead, color: np.ndarray, person: Person, pose: Pose) -> None:
    """Draw both ears in place where they are nearer than the head; `color` is (h, w, 3) uint8 BGR."""
    skin = 255 * np.sqrt(person.skin) * np.array([0.94, 0.93, 1.0])
    for side in (-1, 1):
        center = np.array([side * (person.face_width + 0.02), 0.1, -0.06], np.float32)
        rows, columns = _window(head, pose, pose.turn @ center)
        x = (head.corner[1] + np.arange(columns.start, columns.stop) - pose.head[0]) / pose.unit
        y = (head.corner[0] + np.arange(rows.start, rows.stop) - pose.head[1]) / pose.unit
        height, inside, place = ellipsoid_front(
            pose.turn, center, _RADII, x[None].astype(np.float32), y[:, None].astype(np.float32)
        )
        across, down = place[2] / _RADII[2], place[1] / _RADII[1]
        hollow = np.exp(-2.5 * (np.square(across - 0.25) + np.square(down + 0.05)))
        height = pose.head[2] + pose.unit * (height - 0.06 * hollow)
        part = head.height[rows, columns]
        nearer = np.where(head.coverage[rows, columns] > 0.5, smoothstep(-1.5, 1.5, height - part), 1)
        weight = np.clip(inside * 0.09 * pose.unit + 0.5, 0, 1) * nearer
        part += weight * (height - part)
        paint = skin * (1 - 0.3 * hollow)[..., None]
        here = color[rows, columns]
        here[:] = here + weight[..., None] * (paint - here)
        cover = head.coverage[rows, columns]
        np.maximum(cover, weight, out=cover)


def _window(head: TracedHead, pose: Pose, middle: np.ndarray) -> tuple[slice, slice]:
    ranges = []
    for axis in (1, 0):
        place = pose.head[axis] + middle[axis] * pose.unit - head.corner[1 - axis]
        reach = 0.27 * pose.unit
        limit = head.coverage.shape[1 - axis]
        ranges.append(slice(*(int(np.clip(end, 0, limit)) for end in (place - reach, place + reach))))
    return tuple(ranges)
