"""A hand: a palm, four fingers and a thumb."""

import numpy as np

from src.portrait.geometry import normalize

# The hand in each arm pose: bend of the palm relative to the forearm, curl of the fingers (radians).
_HOLDS = {
    "down": (0.05, 0.5),
    "away": (0.1, 0.4),
    "hip": (0.5, 0.5),
    "crossed": (0.1, 0.3),
    "front": (0.2, 0.5),
    "up": (-0.1, 0.05),
    "behind head": (0.3, 0.4),
    "chin": (-0.5, 1.3),
}
_PALM = 0.62
_FINGER_LENGTHS = (0.55, 0.66, 0.7, 0.62)


def hand_tubes(elbow, wrist, arm: str, sign: int, thick: float, spread: np.random.Generator) -> list[tuple]:
    """Return the hand's tubes (start, end, first radius, last radius), in half heads.

    Args:
        elbow, wrist: (3,) each.
        arm: name of the arm pose.
        sign: -1 for the arm on the left of the image, 1 for the right.
        thick: thickness of the limbs, about 1.
        spread: random source for the angles between the fingers.
    """
    bend, curl = _HOLDS[arm]
    forward = np.array(normalize(wrist - elbow), float)
    palm = _turned(forward, sign * bend)
    aside = np.array([-palm[1], palm[0], 0])
    knuckles = wrist + _PALM * palm
    tubes = [
        (wrist + (0, 0, 0.02), wrist + 0.5 * palm + 0.1 * aside, 0.17 * thick, 0.2 * thick),
        (wrist + (0, 0, 0.02), wrist + 0.5 * palm - 0.1 * aside, 0.17 * thick, 0.2 * thick),
    ]
    fan = spread.uniform(0.05, 0.16)
    for number, length in enumerate(_FINGER_LENGTHS):
        offset = (number - 1.5) * 0.115 * thick
        start = knuckles + offset * aside - 0.03 * abs(number - 1.5) * palm
        near = _turned(palm, (number - 1.5) * fan + sign * 0.25 * curl)
        far = _turned(near, sign * 0.6 * curl)
        middle = start + 0.55 * length * near * np.cos(0.4 * curl)
        end = middle + 0.45 * length * far * np.cos(0.7 * curl) + (0, 0, -0.1 * curl)
        tubes.append((start - 0.15 * palm, middle, 0.088 * thick, 0.08 * thick))
        tubes.append((middle, end, 0.08 * thick, 0.065 * thick))
    thumb = wrist + 0.2 * palm - sign * 0.15 * aside
    tip = thumb + 0.55 * _turned(palm, -sign * (0.55 + fan)) + (0, 0, 0.05)
    tubes.append((thumb, tip, 0.11 * thick, 0.08 * thick))
    return tubes


def _turned(direction: np.ndarray, angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y, z = direction
    return np.array([cosine * x - sine * y, sine * x + cosine * y, z])
