"""The head as a solid: a skull with facial relief, seen from any side."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.portrait.face_map import MAP_REACH, MAP_SCALE, map_coordinates
from src.portrait.geometry import smoothstep
from src.portrait.person import Person
from src.portrait.pose import Pose

SKULL_DEPTH = 0.86

_HAIRLINE = ([-0.9, -0.45, -0.1, 0.12, 0.3, 0.55, 0.8], [0.5, 0.42, 0.22, 0.12, -0.3, -0.5, -0.62])  # z, y

_REACH = (1.05, 1.25)  # half size of the traced window, in half heads
_COARSE_STEPS = 10
_FINE_STEPS = 2


@dataclass(frozen=True)
class TracedHead:
    """A window of the frame that contains the head.

    Attributes:
        corner: row and column of its first pixel in the frame.
        coverage: (h, w) float32 0..1.
        height: (h, w) float32, pixels towards the viewer.
        map_x, map_y: (h, w) float32, each pixel's position in the face maps.
        front: (h, w) float32, 1 on the face side of the head, 0 on the back.
    """

    corner: tuple[int, int]
    coverage: np.ndarray
    height: np.ndarray
    map_x: np.ndarray
    map_y: np.ndarray
    front: np.ndarray


def hairline(z: np.ndarray) -> np.ndarray:
    """Lowest y with hair, for points on the skull at `z`; in half heads from the center of the head."""
    return np.interp(z, *_HAIRLINE)


def face_relief(person: Person) -> np.ndarray:
    """How far the face rises from the skull: (H, W) float32 face map, as a fraction of the skull's radius."""
    x, y = map_coordinates()
    side = np.abs(x)
    nose, mouth, eye = person.nose, person.mouth, person.eye_size
    sharp = 1.25 if person.masculine else 0.9

    def bump(middle_x, middle_y, width, length):
        return np.exp(-(((side - middle_x) / width) ** 2)) * np.exp(-(((y - middle_y) / length) ** 2))

    rise = smoothstep(-0.12, 0.36, y) * smoothstep(0.47, 0.38, y)
    ridge = 0.085 * nose + 0.07 * np.clip((y - 0.1) / 0.3, 0, 1)
    relief = 0.19 * nose * (0.25 + 0.75 * rise) * smoothstep(-0.28, 0.0, y) * smoothstep(0.47, 0.38, y)
    relief = relief * np.exp(-((x / ridge) ** 2))
    relief += 0.055 * bump(0.105 * nose, 0.37, 0.055, 0.06)
    relief -= 0.11 * bump(0.30, 0.02, 0.17, 0.11)
    relief += 0.06 * bump(0.30, 0.03, 0.11 * eye, 0.075)
    relief += 0.035 * sharp * bump(0.27, -0.15, 0.22, 0.06)
    relief += 0.04 * bump(0.42, 0.26, 0.16, 0.13)
    relief += 0.07 * bump(0.0, 0.57, 0.26, 0.18)
    relief += 0.045 * mouth * bump(0.0, 0.565, 0.17, 0.032)
    relief += 0.055 * mouth * bump(0.0, 0.655, 0.14, 0.04)
    relief -= 0.035 * bump(0.0, 0.608, 0.2, 0.014)
    relief -= 0.02 * bump(0.0, 0.49, 0.03, 0.05)
    relief -= 0.045 * bump(0.0, 0.745, 0.15, 0.045)
    relief += 0.10 * sharp * bump(0.0, 0.89, 0.17, 0.11)
    relief -= 0.03 * person.age * bump(0.27, 0.47, 0.035, 0.1)
    relief -= 0.03 * bump(0.62, -0.15, 0.12, 0.2)
    return relief.astype(np.float32)


def trace_head(person: Person, relief: np.ndarray, pose: Pose) -> TracedHead:
    """Find the head's surface along the line of sight of every nearby pixel."""
    unit = pose.unit
    left, top = (int(pose.head[axis] - _REACH[axis] * unit) for axis in range(2))
    size = tuple(2 * (round(_REACH[axis] * unit) // 2 * 2) for axis in range(2))
    coarse_size = (size[0] // 2, size[1] // 2)
    x, y = _sight_lines(pose, left + 0.5, top + 0.5, coarse_size, 2)
    depth = np.full((coarse_size[1], coarse_size[0]), -1.25, np.float32)
    nearest = np.full_like(depth, np.inf)
    for _ in range(_COARSE_STEPS):
        miss = _distance(person, relief, pose.turn, x, y, depth)[0]
        nearest = np.minimum(nearest, miss)
        depth = np.minimum(depth + 0.62 * miss, 1.0)
    depth = cv2.resize(depth, size, interpolation=cv2.INTER_LINEAR)
    nearest = cv2.resize(nearest, size, interpolation=cv2.INTER_CUBIC)
    x, y = _sight_lines(pose, left, top, size, 1)
    for _ in range(_FINE_STEPS):
        miss, map_x, map_y, front = _distance(person, relief, pose.turn, x, y, depth)
        depth = np.where(nearest < 0.03, depth + 0.62 * miss, depth)
    coverage = np.clip(1.2 - (nearest - 0.006) * 0.62 * unit / 1.4, 0, 1)
    height = pose.head[2] - depth * unit
    return TracedHead((top, left), coverage, height.astype(np.float32), map_x, map_y, front)


def _sight_lines(pose: Pose, left: float, top: float, size: tuple[int, int], step: int):
    x = (left + step * np.arange(size[0], dtype=np.float32) - pose.head[0]) / pose.unit
    y = (top + step * np.arange(size[1], dtype=np.float32) - pose.head[1]) / pose.unit
    return x[None], y[:, None]


def _distance(person, relief, turn, x, y, depth):
    """Approximate distance of points (x, y, -depth) from the surface, and their face map positions."""
    px, py, pz = (turn[0, i] * x + turn[1, i] * y - turn[2, i] * depth for i in range(3))
    below = np.maximum(py, 0)
    below = below * below
    narrow = 1 - person.jaw * below
    qx = px / (person.face_width * narrow)
    qz = pz / (SKULL_DEPTH * (1 - 0.12 * below))
    flat = py * py
    radius = np.sqrt(qx * qx + qz * qz + np.where(py > 0, flat * (0.7 + 0.3 * flat), flat))
    scale = 1 / np.maximum(radius, 1e-3)
    map_x = (px * scale + MAP_REACH[0]) * MAP_SCALE
    map_y = (py * scale + MAP_REACH[1]) * MAP_SCALE
    raised = cv2.remap(relief, map_x, map_y, cv2.INTER_LINEAR)
    front = np.clip(qz * scale * 4, 0, 1)
    return radius - 1 - raised * front, map_x, map_y, front
