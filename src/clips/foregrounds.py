"""People in clips: stills that move, and people filmed without a background."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from src.clips.clip import Clip
from src.clips.motion import Motion
from src.composites.person import Person
from src.images.preprocessing import resize

Layer = tuple[np.ndarray, np.ndarray]  # colours BGR (H, W, 3) and alpha (H, W), uint8


class Foreground(Protocol):
    """A person in front of nothing."""

    size: tuple[int, int]  # height and width in pixels

    def at(self, times: Sequence[int], count: int) -> list[Layer]:
        """Frames of a clip of `count`; ImageError where one cannot be read."""


class MovingPerson(NamedTuple):
    """A person of a photo, who goes on outside where the photo cuts the person off.

    There alpha is that of the photo's edge, and the colours are the photo's mirror image.
    """

    colours: np.ndarray  # BGR (H, W, 3) uint8
    alpha: np.ndarray  # (H, W) uint8
    motion: Motion

    @classmethod
    def of(cls, person: Person, size: tuple[int, int], motion: Motion) -> "MovingPerson":
        """A person whose photo is resized to a size (height, width)."""
        return cls(resize(person.foreground, *size), resize(person.alpha, *size), motion)

    @property
    def size(self) -> tuple[int, int]:
        return self.alpha.shape

    def at(self, times: Sequence[int], count: int) -> list[Layer]:
        return [self._at(time / (count - 1)) for time in times]

    def _at(self, time: float) -> Layer:
        places = self.motion.places(time, *self.size)
        colours = cv2.remap(self.colours, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        return colours, cv2.remap(self.alpha, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class FilmedPerson(NamedTuple):
    """A person of a clip of colours without a background, such as VideoMatte240K's."""

    clip: Clip
    first: int  # of its frames, counted from 0
    size: tuple[int, int]  # to which frames are resized

    def at(self, times: Sequence[int], count: int) -> list[Layer]:
        numbers = [self.clip.numbers[self.first + time] for time in times]
        frames = self.clip.frames
        colours, alphas = (
            [resize(each, *self.size) for each in read(numbers)] for read in (frames.images, frames.alphas)
        )
        return list(zip(colours, alphas, strict=True))
