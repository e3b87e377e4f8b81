"""What part of a photo a picture shows."""

from typing import NamedTuple

import cv2
import numpy as np

from src.composites.outline import OPAQUE
from src.composites.person import Person
from src.systems.model_info import ModelInfo

_SMALLEST_PART = 0.6  # of what fits
_MOST_ENLARGED = 1.25  # a photo shown as it is: more would be a blur
_FEWEST_ROWS = 0.7  # of the picture's, of a person seen from near: fewer would be a blur


class Frame(NamedTuple):
    """A part of a photo that becomes a whole picture, mirrored or not."""

    top: int
    left: int
    height: int
    width: int
    mirrored: bool

    def show(self, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """The part of an image (H, W) or (H, W, C), resized once to `size` (height and width)."""
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        if self.mirrored:
            part = part[:, ::-1]
        way = cv2.INTER_AREA if self.height > size[0] else cv2.INTER_LINEAR
        return cv2.resize(np.ascontiguousarray(part), size[::-1], interpolation=way)


def draw_frame(rng: np.random.Generator, shape: tuple[int, ...], size: tuple[int, int]) -> Frame:
    """Draw a part of a photo of the size's aspect ratio, half of them mirrored.

    It is at least 0.6 of what fits, and no smaller than the picture where the photo is large enough.
    """
    fits = min(shape[0] / size[0], shape[1] / size[1])
    scale = max(fits * rng.uniform(_SMALLEST_PART, 1), min(fits, 1))
    height, width = (max(1, int(side * scale + 1e-6)) for side in size)
    top, left = (
        int(rng.integers(whole - part + 1)) for whole, part in zip(shape, (height, width), strict=False)
    )
    return Frame(top, left, height, width, bool(rng.random() < 0.5))


def is_large_enough(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Whether a photo of this shape fills a picture without being enlarged to a blur."""
    return max(size[0] / shape[0], size[1] / shape[1]) <= _MOST_ENLARGED


def come_near(rng: np.random.Generator, person: Person, size: tuple[int, int]) -> Person:
    """The upper part of a person, as a photo taken from nearer shows it.

    Of half bodies, that is about head and shoulders. People of too few pixels for a picture of this size
    (height and width) stay as they are.
    """
    opaque = person.alpha >= OPAQUE
    rows = np.flatnonzero(opaque.any(axis=1))
    fewest = round(_FEWEST_ROWS * size[0])
    if len(rows) <= fewest:
        return person
    shown = max(fewest, round(rng.uniform(0.35, 0.7) * (rows[-1] + 1 - rows[0])))
    top, bottom = max(0, rows[0] - round(rng.uniform(0.02, 0.3) * shown)), rows[0] + shown
    head = np.flatnonzero(opaque[rows[0] : rows[0] + shown // 3].any(axis=0))
    middle = (head[0] + head[-1] + 1) // 2
    reach = max(round(rng.uniform(0.4, 0.8) * shown), size[1] // 2)
    part = slice(top, bottom), slice(max(0, middle - reach), middle + reach)
    return Person(
        *(np.ascontiguousarray(each[part]) for each in (person.image, person.foreground, person.alpha))
    )


def draw_part(rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
    """Draw the height and width of a picture that leaves bars at two sides of the size."""
    shrunk = int(rng.integers(2))
    share = rng.uniform(0.5, 0.95)
    return tuple(max(1, round(side * share)) if axis == shrunk else side for axis, side in enumerate(size))


def add_bars(image: np.ndarray, alpha: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Put a picture into the middle of a larger one, where bars count as background."""
    missing = [whole - part for whole, part in zip(size, alpha.shape, strict=True)]
    sides = [(gap // 2, gap - gap // 2) for gap in missing]
    means = enumerate(ModelInfo().mean)
    bars = [np.pad(image[..., channel], sides, constant_values=mean) for channel, mean in means]
    return np.dstack(bars), np.pad(alpha, sides)
