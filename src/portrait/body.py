"""Neck, torso, arms and hands as one rounded solid, at half the frame's resolution."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.portrait.geometry import fill_polygon, smooth_curve, smoothstep
from src.portrait.hand import hand_tubes
from src.portrait.person import Person
from src.portrait.pose import Pose
from src.portrait.tube import Solid, tube

SCALE = 2  # frame pixels per body pixel: bodies are smooth, and this is four times as fast

_SLEEVE_THICKNESS = 0.06
_CHEST_DEPTH = 0.42
_TORSO, _NECK, _ARM = 0, 1, 2


@dataclass(frozen=True)
class Body:
    """The body; all planes but `coverage` have half resolution, (H / 2, W / 2) float32.

    Attributes:
        coverage: (H, W) float32 0..1, at full resolution.
        height: towards the viewer, in half heads.
        bare: 1 where the front surface is an arm or hand without a sleeve.
        chest: 1 where the front surface is the torso or the neck.
        across, along: cloth coordinates, in half heads.
    """

    coverage: np.ndarray
    height: np.ndarray
    bare: np.ndarray
    chest: np.ndarray
    across: np.ndarray
    along: np.ndarray


class BodyFrame:
    """Converts between pixels and points on the body, in half heads from the neck base."""

    def __init__(self, pose: Pose, shoulder: float) -> None:
        self._pose = pose
        self._shoulder = shoulder
        cosine, sine = np.cos(pose.lean), np.sin(pose.lean)
        self._lean = np.array([[cosine, -sine], [sine, cosine]])

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Convert points (N, 2) in the image plane."""
        return np.asarray(points) @ self._lean.T * self._pose.unit + self._pose.neck[:2]

    def on_chest(self, points: np.ndarray) -> np.ndarray:
        """Convert points (N, 2) on the front of the torso, following its turn."""
        points = np.array(points, float)
        rounded = np.sqrt(np.clip(1 - np.square(points[:, 0] / self._shoulder / 1.1), 0, 1))
        rounded *= smoothstep(-0.4, 0.5, points[:, 1])  # the neck does not bulge at its base
        turned = points[:, 0] * np.cos(self._pose.body_turn)
        points[:, 0] = turned + _CHEST_DEPTH * rounded * np.sin(self._pose.body_turn)
        return self.to_pixels(points)

    def grid(self, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """x and y of every pixel of the coarse frame, in half heads from the neck base."""
        rows, columns = shape[0] // SCALE, shape[1] // SCALE
        x = (np.arange(columns, dtype=np.float32) * SCALE + 0.5 - self._pose.neck[0]) / self._pose.unit
        y = (np.arange(rows, dtype=np.float32) * SCALE + 0.5 - self._pose.neck[1]) / self._pose.unit
        (a, b), (c, d) = self._lean.T.astype(np.float32)
        return a * x[None] + b * y[:, None], c * x[None] + d * y[:, None]

    def window(self, points: np.ndarray, margin: float, shape: tuple[int, int]) -> tuple[slice, slice]:
        """Slices of the coarse frame that contain all `points` (N, 2+), plus `margin` around them."""
        places = self.to_pixels(np.asarray(points)[:, :2])
        margin = margin * self._pose.unit
        low = ((places.min(0) - margin) // SCALE).astype(int)
        high = ((places.max(0) + margin) // SCALE).astype(int)
        columns, rows = (slice(max(first, 0), max(last, 0)) for first, last in zip(low, high, strict=True))
        return rows, columns


class _Merged:
    """Several solids merged into one, with heights blended smoothly where they meet."""

    def __init__(self, first: Solid, unit: float) -> None:
        self._sharpness = unit / SCALE / 12  # one-pixel soft edges: solids fall off with slope 10
        self.height = first.height
        self.outside = np.full_like(first.height, np.inf)
        self.bare = np.zeros_like(first.height)
        self.across, self.along = first.across, first.along
        self.kind = np.zeros(first.height.shape, np.uint8)

    def add(self, part: Solid, kind: int, soft: float, window: tuple[slice, slice]) -> None:
        nearer = part.height > self.height[window]
        weight = np.clip(0.5 + (part.height - self.height[window]) * self._sharpness, 0, 1)
        self.bare[window] += weight * (part.bare - self.bare[window])
        for name in ("across", "along"):
            np.copyto(getattr(self, name)[window], getattr(part, name), where=nearer)
        self.kind[window][nearer] = kind
        np.minimum(self.outside[window], part.outside, out=self.outside[window])
        self.height[window] = _smooth_max(self.height[window], part.height, soft)


def make_body(
    person: Person, pose: Pose, shape: tuple[int, int], sleeve_length: float, spread: np.random.Generator
) -> Body:
    """Shape the body.

    Args:
        person, pose: the person and the pose.
        shape: height and width of the frame.
        sleeve_length: 0 none, 1 to the elbow, 2 to the wrist.
        spread: random source for the spread of the fingers.
    """
    frame = BodyFrame(pose, person.shoulder)
    x, y = frame.grid(shape)
    outline = _outline(person, pose)
    merged = _Merged(_torso(person, pose, outline, x, y), pose.unit)
    _add_neck(merged, person, pose, frame, shape, x, y)
    # The arm further back comes first, so that the other one is drawn over it.
    for side in np.argsort(pose.wrists[:, 2]):
        _add_arm(merged, person, pose, frame, shape, side, sleeve_length, x, y)
        _add_hand(merged, person, pose, frame, shape, side, spread, x, y)
    edge = cv2.resize(np.minimum(merged.outside, 9), shape[::-1], interpolation=cv2.INTER_LINEAR)
    coverage = np.clip(0.5 - edge * pose.unit / 1.6, 0, 1)
    return Body(
        coverage=np.maximum(coverage, fill_polygon(shape, frame.to_pixels(outline))),
        height=merged.height,
        bare=merged.bare,
        chest=(merged.kind != _ARM).astype(np.float32),
        across=merged.across,
        along=merged.along,
    )


def _smooth_max(first: np.ndarray, second: np.ndarray, soft: float) -> np.ndarray:
    near = np.maximum(soft - np.abs(first - second), 0)
    return np.maximum(first, second) + near * near * (0.25 / soft)


def _outline(person: Person, pose: Pose) -> np.ndarray:
    """The torso's closed outline, (N, 2) half heads, from the left of the neck down and up again."""
    shoulder, waist = person.shoulder, person.waist
    hip = waist + (0.1 if person.masculine else 0.38)
    slope = 0.0 if person.masculine else 0.06
    halves = []
    for side, lift in zip((-1, 1), pose.shoulder_lift, strict=True):
        half = [
            (0.40, -0.16),
            (0.56, 0.02 - 0.2 * lift),
            (0.92, 0.19 + slope - 0.6 * lift),
            (shoulder - 0.22, 0.36 + slope - lift),
            (shoulder + 0.04, 0.68 + slope - 0.7 * lift),
            (shoulder + 0.04, 1.1),
            (shoulder - 0.1, 1.75),
            ((shoulder + waist) / 2 - 0.06, 2.7),
            (waist, 3.7),
            ((waist + hip) / 2 + 0.06, 4.4),
            (hip, 5.2),
            (hip + 0.05, 7.0),
            (hip, 12.0),
        ]
        halves.append(smooth_curve(np.array(half) * (side * np.cos(0.8 * pose.body_turn), 1)))
    return np.concatenate([halves[0], halves[1][::-1]])


def _torso(person: Person, pose: Pose, outline: np.ndarray, x: np.ndarray, y: np.ndarray) -> Solid:
    left, right = outline[: len(outline) // 2], outline[len(outline) // 2 :][::-1]
    from_left, to_right = _edge_at(y, left), _edge_at(y, right)
    half = np.maximum((to_right - from_left) / 2, 0.05)
    part = (x - (from_left + to_right) / 2) / half
    square = np.square(part)
    depth = 0.22 + (_CHEST_DEPTH - 0.12) * smoothstep(-0.2, 1.2, y)
    height = depth * np.sqrt(np.clip(1 - square * (0.45 + 0.55 * square), 0, 1))
    height -= np.clip(np.abs(part) - 1, 0, 3) + 1.5 * np.clip(-0.1 - y, 0, 3) + 0.25
    turn = np.sin(pose.body_turn)
    height += x * turn * 0.3
    strength, size, level = (0.13, 0.5, 1.65) if person.masculine else (0.32, 0.44, 1.95)
    for side in (-1, 1):
        middle = side * 0.56 * np.cos(pose.body_turn) + 0.4 * turn
        height += strength * np.exp(-(np.square(x - middle) + np.square(y - level)) / size**2)
    across = np.arcsin(np.clip(part, -1, 1)) * half - 0.5 * turn
    return Solid(height, np.full_like(height, np.inf), across, y.copy(), np.zeros_like(height))


def _edge_at(y: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """x of the outline at each pixel's y; uses a fine lookup table, because y varies within a row."""
    low, high, count = -9.0, 13.0, 2200
    ruler = np.linspace(low, high, count)
    values = np.interp(ruler, np.maximum.accumulate(edge[:, 1]), edge[:, 0]).astype(np.float32)
    index = np.clip((y - low) * ((count - 1) / (high - low)), 0, count - 1)
    return values[index.astype(np.int32)]


def _add_neck(merged, person: Person, pose: Pose, frame: BodyFrame, shape, x, y) -> None:
    top = (pose.head - pose.neck) / pose.unit + pose.turn @ np.array([0, 0.45, -0.16])
    bottom = np.array([0.0, 0.4, -0.2])
    window = frame.window(np.stack([top, bottom]), 0.8, shape)
    x, y = x[window], y[window]
    thick = (0.45, 0.50) if person.masculine else (0.34, 0.39)
    neck = tube(x, y, top - (0, 0, 0.05), bottom, *thick)
    throat = 0.05 * np.exp(-np.square((np.abs(neck.across) - 0.2) / 0.09)) * smoothstep(-0.9, 0.2, y)
    merged.add(neck._replace(height=neck.height + throat), _NECK, 0.25, window)


def _joints(person: Person, pose: Pose, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sign, turn = (-1, 1)[side], np.cos(pose.body_turn)
    across = person.shoulder - 0.34
    shoulder = np.array([sign * across * turn, 0.82 - 0.8 * pose.shoulder_lift[side], -0.3])
    shoulder[2] += sign * np.sin(pose.body_turn) * 0.5
    return shoulder, pose.elbows[side] * (turn, 1, 1), pose.wrists[side] * (turn, 1, 1)


def _thickness(person: Person) -> float:
    return 1.0 if person.masculine else 0.78


def _add_arm(merged, person: Person, pose: Pose, frame, shape, side: int, sleeve_length: float, x, y) -> None:
    joints = _joints(person, pose, side)
    thick = _thickness(person)
    window = frame.window(np.stack(joints), 0.7, shape)
    x, y = x[window], y[window]
    upper = tube(x, y, joints[0], joints[1], 0.36 * thick + 0.05, 0.30 * thick)
    lower = tube(x, y, joints[1], joints[2], 0.31 * thick, 0.19 * thick)
    far = lower.height > upper.height
    along = np.where(far, lower.along + 1, upper.along)
    cloth = smoothstep(sleeve_length + 0.02, sleeve_length - 0.02, along) if sleeve_length else 0 * along
    arm = Solid(
        height=_smooth_max(upper.height, lower.height, 0.12) + _SLEEVE_THICKNESS * cloth,
        outside=np.minimum(upper.outside, lower.outside) - _SLEEVE_THICKNESS * cloth,
        across=np.where(far, lower.across, upper.across),
        along=along * 2.4,
        bare=1 - cloth,
    )
    merged.add(arm, _ARM, 0.2, window)


def _add_hand(merged, person: Person, pose: Pose, frame, shape, side: int, spread, x, y) -> None:
    _, elbow, wrist = _joints(person, pose, side)
    tubes = hand_tubes(elbow, wrist, pose.arms[side], (-1, 1)[side], _thickness(person), spread)
    window = frame.window(np.array([end for one in tubes for end in one[:2]]), 0.3, shape)
    x, y = x[window], y[window]
    for one in tubes if x.size else ():
        finger = tube(x, y, *one)
        merged.add(finger._replace(bare=np.ones_like(x)), _ARM, 0.03, window)


def top_row(person: Person, pose: Pose) -> int:
    """The first row of the frame that the body may reach, even and at least 0."""
    frame = BodyFrame(pose, person.shoulder)
    points = np.concatenate([pose.elbows[:, :2], pose.wrists[:, :2] - (0, 1.4), [(0, -1.0)]])
    row = int(frame.to_pixels(points)[:, 1].min() - 0.5 * pose.unit)
    return max(row // SCALE * SCALE, 0)
