"""The person's pose in one shot."""

from dataclasses import dataclass, replace

import numpy as np

from src.portrait.geometry import rotation_matrix
from src.portrait.person import Person

# Where the neck meets the shoulders, relative to the center of the head, in half heads.
NECK_BASE = np.array([0.0, 1.2, -0.12], np.float32)

# Elbow and wrist in each arm pose, for the arm on the right of the image, in half heads from the neck base.
_ARM_POSES = {
    "down": ((1.85, 2.95, -0.1), (1.75, 5.0, 0.2)),
    "away": ((2.25, 2.85, -0.1), (2.55, 4.75, 0.2)),
    "hip": ((2.75, 2.7, -0.35), (1.6, 4.2, 0.2)),
    "crossed": ((1.85, 2.9, 0.25), (-0.45, 2.65, 0.95)),
    "front": ((1.95, 2.85, 0.1), (0.3, 4.3, 0.9)),
    "up": ((2.55, 2.5, 0.2), (2.75, 0.55, 0.6)),
    "behind head": ((2.75, -0.75, -0.2), (1.4, -1.3, -0.5)),
    "chin": ((1.5, 2.9, 0.9), (0.78, 0.6, 1.15)),
}
_BOTH_ARMS = [
    (("down", "down"), 6),
    (("away", "away"), 2),
    (("hip", "down"), 3),
    (("hip", "hip"), 3),
    (("crossed", "crossed"), 2),
    (("front", "front"), 2),
    (("down", "up"), 2),
    (("down", "behind head"), 2),
    (("hip", "behind head"), 1),
    (("down", "chin"), 1.5),
]


@dataclass(frozen=True)
class Pose:
    """A pose in the frame.

    Attributes:
        head: center of the head, (3,) pixels, z towards the viewer.
        neck: where the neck meets the shoulders, (3,) pixels.
        unit: half the height of the head in pixels.
        turn: (3, 3) rotation of the head.
        lean: rotation of the upper body in the image plane, radians.
        body_turn: rotation of the upper body about the vertical axis, radians.
        arms: names of the arm poses, left and right in the image.
        elbows, wrists: (2, 3) in half heads from the neck base, left and right in the image.
        shoulder_lift: (2,) how far each shoulder is raised, in half heads.
    """

    head: np.ndarray
    neck: np.ndarray
    unit: float
    turn: np.ndarray
    lean: float
    body_turn: float
    arms: tuple[str, str]
    elbows: np.ndarray
    wrists: np.ndarray
    shoulder_lift: np.ndarray


@dataclass(frozen=True)
class Framing:
    """What the poses of a session have in common; lengths in half heads, angles in radians.

    Attributes:
        unit: half the height of the head in pixels.
        off_center: the head's offset from the center, as a fraction of the frame's width.
        head_room: space above the head.
        yaw, pitch: rotation of the head.
        body_yaw: rotation of the body, in addition to its share of the head's.
        lean: lean of the body.
        arms: names of the arm poses, left and right in the image.
    """

    unit: float
    off_center: float
    head_room: float
    yaw: float
    pitch: float
    body_yaw: float
    lean: float
    arms: tuple[str, str]


def random_framing(rng: np.random.Generator) -> Framing:
    """Draw a framing, from head and shoulders to half body, facing the camera or turned away."""
    return Framing(
        unit=float(np.exp(rng.uniform(np.log(80), np.log(165)))),
        off_center=float(np.clip(rng.normal(0, 0.07), -0.16, 0.16)),
        head_room=rng.uniform(0.55, 0.95),
        yaw=float(np.clip(rng.normal(0, 0.3), -0.6, 0.6)),
        pitch=rng.normal(0.02, 0.08),
        body_yaw=rng.normal(0, 0.22),
        lean=rng.normal(0, 0.04),
        arms=_random_arms(rng),
    )


def random_pose(shot: np.random.Generator, framing: Framing, person: Person, size: tuple[int, int]) -> Pose:
    """Draw a pose for one shot in a frame of `size`, (width, height)."""
    unit = framing.unit * shot.uniform(0.96, 1.04)
    yaw = framing.yaw + shot.normal(0, 0.16)
    turn = rotation_matrix(yaw, framing.pitch + shot.normal(0, 0.07), shot.normal(0, 0.1))
    across = size[0] * (0.5 + framing.off_center + shot.normal(0, 0.015))
    head = np.array([across, (framing.head_room + 1 + shot.normal(0, 0.03)) * unit, 0])
    # The head turns about the top of the neck, so the neck moves slightly relative to it.
    hinge = np.array([0, 0.25, 0])
    neck = head + unit * (NECK_BASE - hinge + turn @ hinge)
    arms = framing.arms if shot.random() < 0.7 else _random_arms(shot)
    elbows, wrists = _place_arms(shot, arms, person)
    return Pose(
        head=head.astype(np.float32),
        neck=neck.astype(np.float32),
        unit=unit,
        turn=turn,
        lean=framing.lean + shot.normal(0, 0.03),
        body_turn=float(np.clip(0.5 * yaw + framing.body_yaw, -0.6, 0.6)),
        arms=arms,
        elbows=elbows,
        wrists=wrists,
        shoulder_lift=np.array([0.3 if arm == "behind head" else shot.normal(0, 0.04) for arm in arms]),
    )


def moved(pose: Pose, shift: np.ndarray) -> Pose:
    """Return the same pose with the camera moved by `shift`, (2,) pixels."""
    step = np.array([*shift, 0], np.float32)
    return replace(pose, head=pose.head + step, neck=pose.neck + step)


def _random_arms(rng: np.random.Generator) -> tuple[str, str]:
    weights = np.array([weight for _, weight in _BOTH_ARMS])
    pair = _BOTH_ARMS[rng.choice(len(_BOTH_ARMS), p=weights / weights.sum())][0]
    return pair if rng.random() < 0.5 else pair[::-1]


def _place_arms(shot: np.random.Generator, arms: tuple[str, str], person: Person):
    elbows, wrists = [], []
    for side, arm in zip((-1, 1), arms, strict=True):
        elbow, wrist = (np.array(point) for point in _ARM_POSES[arm])
        elbow = elbow + shot.normal(0, 0.07, 3) + (person.shoulder - 1.5, 0, 0)
        wrist = wrist + shot.normal(0, 0.07, 3)
        if arm == "crossed" and side > 0:
            wrist[1] += 0.35
            wrist[2] -= 0.25
        elbows.append(elbow * (side, 1, 1))
        wrists.append(wrist * (side, 1, 1))
    return np.array(elbows, np.float32), np.array(wrists, np.float32)
