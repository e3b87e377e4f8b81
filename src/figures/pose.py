"""Draws poses: people stand, walk, sit, kneel or crouch, and their arms point anywhere a person's can."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from src.figures.rotation import between, rotation

_SIDES = {"L": 1.0, "R": -1.0}  # sign of x
_SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
_NECK = ("neck01", "neck02", "head")
_TORSO = (0.17, 0.15)  # half of its width and depth, metres: forearms end outside
_TRIES = 50


class _Leg(NamedTuple):
    """Directions of thigh and shin as angles in degrees: forward from straight down, and to the side."""

    thigh: tuple[float, float]
    shin: tuple[float, float]
    spread: tuple[float, float]


class _Kind(NamedTuple):
    """What the legs do: in which share of poses, and their directions."""

    share: float
    legs: tuple[_Leg, _Leg]


_STAND = "stand"
_KINDS = {
    _STAND: _Kind(0.42, (_Leg((-8, 12), (-12, 2), (0, 12)),) * 2),
    "walk": _Kind(0.13, (_Leg((15, 40), (-15, 15), (0, 6)), _Leg((-30, -5), (-70, -25), (0, 6)))),
    "sit": _Kind(0.2, (_Leg((70, 100), (-30, 40), (0, 30)),) * 2),
    "crouch": _Kind(0.05, (_Leg((105, 135), (-15, 15), (0, 12)),) * 2),
    "kneel": _Kind(0.06, (_Leg((0, 45), (-95, -75), (0, 20)),) * 2),
    "lunge": _Kind(0.06, (_Leg((70, 95), (-10, 10), (0, 15)), _Leg((-15, 15), (-95, -60), (0, 10)))),
    "leap": _Kind(0.08, (_Leg((-30, 90), (-90, 20), (0, 40)), _Leg((-40, 60), (-90, 10), (0, 40)))),
}
_HANGS = 0.25  # share of arms


class Pose(NamedTuple):
    """How a body is turned.

    Args:
        rotations: of bones, as `Body.figure` takes them.
        stands: whether both legs are nearly straight down, so that a skirt fits.
    """

    rotations: dict[str, np.ndarray]
    stands: bool


def draw_pose(rng: np.random.Generator, joints: Mapping[str, np.ndarray]) -> Pose:
    """A random pose for a body with these joints at rest."""
    kind = str(rng.choice(list(_KINDS), p=[each.share for each in _KINDS.values()]))
    rotations: dict[str, np.ndarray] = {}
    lean = rng.normal(0, (14, 5, 10)) + ((rng.uniform(0, 35), 0, 0) if kind in ("crouch", "lunge") else 0)
    _spread_over(rotations, _SPINE, lean)
    _spread_over(rotations, _NECK, rng.normal(0, (14, 8, 25)))
    legs = [_KINDS[kind].legs[k] for k in rng.permutation(2)]
    for leg, (side, sign) in zip(legs, _SIDES.items(), strict=True):
        thigh_angle = rng.uniform(*leg.thigh)
        shin_angle = min(rng.uniform(*leg.shin), thigh_angle)  # knees bend one way
        thigh, shin = (_downwards(rng, ahead, leg.spread, sign) for ahead in (thigh_angle, shin_angle))
        bones = f"upperleg01.{side}", f"lowerleg01.{side}", f"foot.{side}"
        _aim(rotations, bones, (thigh, shin), joints)
    for side, sign in _SIDES.items():
        bones = f"upperarm01.{side}", f"lowerarm01.{side}", f"wrist.{side}"
        _aim(rotations, bones, _draw_arm(rng, sign, joints, bones), joints)
        rotations[bones[2]] = rotation(rng.normal(0, 20, 3))
        _curl(rng, rotations, side, sign)
    return Pose(rotations, kind == _STAND)


def _draw_arm(
    rng: np.random.Generator,
    sign: float,
    joints: Mapping[str, np.ndarray],
    bones: tuple[str, str, str],
) -> tuple[np.ndarray, np.ndarray]:
    """Directions of upper arm and forearm, seen from the trunk, such that neither ends inside it."""
    lengths = [np.linalg.norm(joints[bones[k + 1]] - joints[bones[k]]) for k in (0, 1)]
    for _ in range(_TRIES):
        if rng.random() < _HANGS:
            raised, ahead = rng.uniform(-85, -65), rng.uniform(-20, 40)
        else:
            raised, ahead = rng.uniform(-75, 75), rng.uniform(-15, 110)
        upper = _direction(raised, ahead, sign)
        forearm = _bent(rng, upper, sign)
        elbow = joints[bones[0]] + lengths[0] * upper
        if not any(_inside_torso(point, joints) for point in (elbow, elbow + lengths[1] * forearm)):
            break
    return upper, forearm


def _bent(rng: np.random.Generator, upper: np.ndarray, sign: float) -> np.ndarray:
    """A forearm's direction: forearms bend towards the front, the middle or up."""
    bend = np.deg2rad(rng.choice((rng.uniform(0, 30), rng.uniform(20, 145))))
    towards = np.array((-0.6 * sign, -1, 0.4)) + rng.normal(0, 0.7, 3)
    across = towards - upper * (towards @ upper)
    across /= np.linalg.norm(across) + 1e-9
    return np.cos(bend) * upper + np.sin(bend) * across


def _inside_torso(point: np.ndarray, joints: Mapping[str, np.ndarray]) -> bool:
    low, high = (joints[bone][2] for bone in ("upperleg01.L", "upperarm01.L"))
    return np.hypot(point[0] / _TORSO[0], point[1] / _TORSO[1]) < 1 and low < point[2] < high


def _aim(
    rotations: dict[str, np.ndarray],
    bones: tuple[str, str, str],
    directions: tuple[np.ndarray, np.ndarray],
    joints: Mapping[str, np.ndarray],
) -> None:
    """Turn the two bones of a limb towards directions, as seen from the turned bone before them."""
    turned = np.eye(3)
    for k, direction in enumerate(directions):
        at_rest = joints[bones[k + 1]] - joints[bones[k]]
        whole = between(turned @ at_rest, direction) @ turned
        rotations[bones[k]] = turned.T @ whole
        turned = whole


def _curl(rng: np.random.Generator, rotations: dict[str, np.ndarray], side: str, sign: float) -> None:
    """Close the hand a little, or to a fist."""
    degrees = rng.uniform(0, 30) if rng.random() < 0.6 else rng.uniform(40, 75)
    for finger in range(2, 6):
        for joint in range(1, 4):
            rotations[f"finger{finger}-{joint}.{side}"] = rotation((0, sign * degrees, 0))


def _spread_over(rotations: dict[str, np.ndarray], bones: tuple[str, ...], degrees: np.ndarray) -> None:
    """Turn a chain of bones, each by its share."""
    for bone in bones:
        rotations[bone] = rotation(degrees / len(bones))


def _downwards(
    rng: np.random.Generator, ahead: float, spread: tuple[float, float], sign: float
) -> np.ndarray:
    """A direction down, turned ahead and by a random angle to the side, degrees."""
    ahead, out = np.deg2rad((ahead, rng.uniform(*spread)))
    return np.array((sign * np.sin(out), -np.sin(ahead) * np.cos(out), -np.cos(ahead) * np.cos(out)))


def _direction(raised: float, ahead: float, sign: float) -> np.ndarray:
    """A direction that is raised above the horizon and turned ahead from straight out, degrees."""
    raised, ahead = np.deg2rad((raised, ahead))
    return np.array((sign * np.cos(raised) * np.cos(ahead), -np.cos(raised) * np.sin(ahead), np.sin(raised)))
