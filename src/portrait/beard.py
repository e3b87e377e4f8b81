"""A beard: short strands on cheeks, chin and upper lip."""

import cv2
import numpy as np

from src.portrait.face_map import MAP_REACH, MAP_SCALE
from src.portrait.geometry import normalize
from src.portrait.hair import Strands
from src.portrait.head import SKULL_DEPTH
from src.portrait.person import Person
from src.portrait.pose import Pose

_POINTS = 9
_COUNT = 2600


def grow_beard(rng: np.random.Generator, person: Person, relief: np.ndarray, pose: Pose) -> Strands:
    """Grow the beard of a person on the head's relief (a face map)."""
    x, y = rng.uniform(-0.66, 0.66, 6 * _COUNT), rng.uniform(0.3, 0.99, 6 * _COUNT)
    edge = 0.62 - 0.75 * np.maximum(np.abs(x) - 0.22, 0) + rng.normal(0, 0.02, len(x))
    on_lip = (np.abs(x) < 0.24) & (y > 0.47) & (y < 0.545)
    lips = np.square(x / 0.26) + np.square((y - 0.62) / 0.10) < 1
    chosen = np.flatnonzero(on_lip | ((y > edge) & ~lips))[:_COUNT]
    x, y = x[chosen], y[chosen]
    roots, normal = _on_face(x, y, person, relief)
    down = np.array([0, 1.0, 0.1]) + np.stack([0.4 * x, 0 * x, 0 * x], 1)
    heading = normalize(0.55 * normal + down + rng.normal(0, 0.22, (len(x), 3)))
    length = person.beard * rng.uniform(0.4, 1.0, len(x)) * np.clip(0.35 + 1.2 * (y - 0.45), 0.25, 1)
    part = np.linspace(0, 1, _POINTS)[None, :, None]
    bend = rng.normal(0, 0.15, (len(x), 1, 3)) + np.array([0, 0.25, 0])
    lines = roots[:, None] + length[:, None, None] * (part * heading[:, None] + part**2 * bend)
    return Strands(
        points=(lines @ pose.turn.T * pose.unit + pose.head).astype(np.float32),
        outer=rng.uniform(0.2, 1, len(x)).astype(np.float32),
        tone=np.clip(rng.normal(0.9, 0.15, len(x)), 0.5, 1.4).astype(np.float32),
        thickness=np.full(len(x), 0.75, np.float32),
    )


def _on_face(x, y, person: Person, relief: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) on the face at face map coordinates, and the skull's normals there."""
    wide = person.face_width * (1 - person.jaw * y * y)
    rest = np.clip(1 - np.square(x / wide) - y * y * (0.7 + 0.3 * y * y), 0, 1)
    z = np.sqrt(rest) * SKULL_DEPTH * (1 - 0.12 * y * y)
    columns, rows = ((value + reach) * MAP_SCALE for value, reach in zip((x, y), MAP_REACH, strict=True))
    raised = cv2.remap(
        relief, columns[None].astype(np.float32), rows[None].astype(np.float32), cv2.INTER_LINEAR
    )[0]
    points = np.stack([x, y, z], 1)
    return points * (1 + raised[:, None]), normalize(
        points / np.square([person.face_width, 1.0, SKULL_DEPTH])
    )
