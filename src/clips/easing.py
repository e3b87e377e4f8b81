"""How fast a motion is on its way from start to end."""

from typing import Literal, NamedTuple

import numpy as np

_LINEAR = 0.2  # share of the motions
_POWERS = (2, 3, 4)
_WAYS = ("in", "out", "both")


class Easing(NamedTuple):
    """Maps the share of time that has passed to the share of the way, both 0..1."""

    power: int = 1  # 1: linear
    way: Literal["in", "out", "both"] = "in"  # where it is slow: at the start, the end, or both

    def __call__(self, time: float) -> float:
        if self.way == "in":
            return time**self.power
        if self.way == "out":
            return 1 - (1 - time) ** self.power
        half = 0.5 * (2 * min(time, 1 - time)) ** self.power
        return half if time <= 0.5 else 1 - half


def draw_easing(rng: np.random.Generator) -> Easing:
    """Draw one: linear in one of five cases."""
    if rng.random() < _LINEAR:
        return Easing()
    return Easing(_POWERS[rng.integers(len(_POWERS))], _WAYS[rng.integers(len(_WAYS))])
