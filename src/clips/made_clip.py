"""A clip that is made: a person in front of a background, both of them moving, cut out near the person."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from src.clips.backgrounds import Background, Backgrounds
from src.clips.clip import Clip
from src.clips.foregrounds import FilmedPerson, Foreground, Layer, MovingPerson
from src.clips.motion import draw_motion
from src.composites.person import Person
from src.data.light import Light
from src.images.blending import blend
from src.images.files import ImageError

FRAMES = 15
_PAUSES = 1 / 30  # share of the clips
_SCALE = (1.35, 1.65)  # short side of what is composed, relative to that of the clip: 768 to 512, about
_MIDDLE = (0.3, 0.7)  # where in the crop the pixel of the person lies that it was made around


class Crop(NamedTuple):
    """A square of what is composed."""

    top: int
    left: int
    size: int
    mirrored: bool

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Cut it out of (H, W) or (H, W, C)."""
        part = image[self.top : self.top + self.size, self.left : self.left + self.size]
        return np.ascontiguousarray(part[:, ::-1] if self.mirrored else part)


class Pause(NamedTuple):
    """The picture stands still for a while, then goes on."""

    start: int
    length: int  # frames; 0: no pause

    def moment(self, number: int) -> int:
        """The time that frame `number` shows."""
        return number - min(max(0, number - self.start), self.length)


class MadeClip(NamedTuple):
    """Frames of a clip that are made when they are asked for; each frame is a function of its number."""

    foreground: Foreground
    background: Background
    crop: Crop  # the same for all frames and alphas
    pause: Pause
    count: int = FRAMES

    def images(self, numbers: Sequence[int], light: Light | None = None) -> list[np.ndarray]:
        """Make frames, from 0, each BGR (S, S, 3) uint8, with a light on the background.

        Raises:
            ImageError: the video of the background or of the person cannot be read.
        """
        layers = self._layers(numbers)
        behind = self.behind(numbers)
        if light is not None:
            behind = [light.shine(each) for each in behind]
        return [blend(colours, other, alpha) for (colours, alpha), other in zip(layers, behind, strict=True)]

    def alphas(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """The alphas of frames, each (S, S) uint8; ImageError as for `images`."""
        return [alpha for _, alpha in self._layers(numbers)]

    def behind(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """The backgrounds of frames alone, as when everybody has left; as `images`."""
        frames = self.background.at([self.pause.moment(number) for number in numbers], self.count)
        return [self.crop.cut(each) for each in frames]

    def _layers(self, numbers: Sequence[int]) -> list[Layer]:
        layers = self.foreground.at([self.pause.moment(number) for number in numbers], self.count)
        return [(self.crop.cut(colours), self.crop.cut(alpha)) for colours, alpha in layers]


def draw_clip(
    rng: np.random.Generator,
    person: Person | Clip,
    backgrounds: Backgrounds,
    size: int,
    problems: list[str],
    count: int = FRAMES,
) -> MadeClip:
    """Draw a clip of a person.

    Args:
        rng: source of randomness: the clip and all its frames depend on it alone.
        person: of a photo, who moves; or a clip of a person without a background of at least `count` frames.
        backgrounds: to draw from.
        size: side of the frames in pixels.
        problems: is told of each background that cannot be read.
        count: frames of the clip, at least 2.

    Raises:
        ImageError: the person's clip cannot be read, or is too short.
        UserError: no background can be read.
    """
    shape = person.size if isinstance(person, Clip) else person.alpha.shape
    scale = rng.uniform(*_SCALE) * size / min(shape)
    canvas = tuple(round(side * scale) for side in shape)
    if isinstance(person, Clip):
        if len(person.numbers) < count:
            raise ImageError(f"clip {person.name}: has {len(person.numbers)} frames, fewer than {count}")
        foreground = FilmedPerson(person, int(rng.integers(len(person.numbers) - count + 1)), canvas)
    else:
        foreground = MovingPerson.of(person, canvas, draw_motion(rng))
    background = backgrounds.draw(rng, canvas, count, problems)
    ((_, alpha),) = foreground.at([count // 2], count)
    return MadeClip(foreground, background, _draw_crop(rng, alpha, size), _draw_pause(rng, count), count)


def _draw_crop(rng: np.random.Generator, alpha: np.ndarray, size: int) -> Crop:
    """Draw a crop around a pixel of the person, anyone's if nobody is there."""
    pixels = np.flatnonzero(alpha >= 128)
    pixel = int(pixels[rng.integers(len(pixels))]) if len(pixels) else int(rng.integers(alpha.size))
    corner = []
    for place, side in zip(divmod(pixel, alpha.shape[1]), alpha.shape, strict=True):
        corner.append(int(np.clip(place - rng.uniform(*_MIDDLE) * size, 0, side - size)))
    return Crop(*corner, size, bool(rng.random() < 0.5))


def _draw_pause(rng: np.random.Generator, count: int) -> Pause:
    if rng.random() >= _PAUSES:
        return Pause(0, 0)
    start = int(rng.integers(count - 1))
    return Pause(start, int(rng.integers(1, count - start)))
