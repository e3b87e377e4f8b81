"""A clip: the frames of one video with true alpha, whatever files they lie in."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

MOST_APART = 5  # frame numbers; of frames farther apart, one says nothing of the other's alpha

Kind = Literal["composed", "foreground", "mask"]


class Frames(Protocol):
    """Frames and alphas by number; both raise ImageError where one cannot be read."""

    def images(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """Frames, each BGR (H, W, 3) uint8."""

    def alphas(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """Alphas, each (H, W) uint8."""


@dataclass(frozen=True)
class Clip:
    """One clip.

    Args:
        name: unique within its data set.
        kind: 'composed': pictures with soft alpha; 'foreground': colours of the person without a background,
            with soft alpha; 'mask': pictures with binary masks.
        numbers: of the frames, increasing, at least two.
        size: height and width of all frames.
        frames: reads them.
    """

    name: str
    kind: Kind
    numbers: tuple[int, ...]
    size: tuple[int, int]
    frames: Frames

    def before(self, number: int) -> int | None:
        """The frame before: the one with the next lower number, if that is at most 5 lower."""
        place = bisect.bisect_left(self.numbers, number)
        if place and number - self.numbers[place - 1] <= MOST_APART:
            return self.numbers[place - 1]
        return None
