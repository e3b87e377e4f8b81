"""Which part of a photo a picture shows."""

from typing import NamedTuple

import cv2
import numpy as np

from src.composites.outline import OPAQUE
from src.composites.person import Person
from src.images.letterbox import PUBLISHED_MEAN

_SMALLEST_PART = 0.6  # relative to the largest part that fits
_MOST_ENLARGED = 1.25  # scale factor for a photo with its own background; more looks blurred
_TALL = 1.4  # height relative to width of photos that are looked at in parts
_FEWEST_ROWS = 0.7  # of a close-up, relative to the picture's height; fewer look blurred


class Frame(NamedTuple):
    """A part of a photo, in pixels, that becomes a whole picture, mirrored or not."""

    top: int
    left: int
    height: int
    width: int
    mirrored: bool

    def show(self, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Cut the part out of an image (H, W) or (H, W, C) and resize it to `size` (height, width)."""
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        if self.mirrored:
            part = part[:, ::-1]
        way = cv2.INTER_AREA if self.height > size[0] else cv2.INTER_LINEAR
        return cv2.resize(np.ascontiguousarray(part), size[::-1], interpolation=way)


def draw_frame(rng: np.random.Generator, shape: tuple[int, ...], size: tuple[int, int]) -> Frame:
    """Draw a random part of a photo with the picture's aspect ratio, mirrored half of the time.

    Its sides are at least 0.6 of the largest part that fits, and no smaller than the picture if the photo is
    large enough.

    Args:
        rng: source of randomness.
        shape: height and width of the photo in pixels; further axes are ignored.
        size: height and width of the picture in pixels.
    """
    fits = min(shape[0] / size[0], shape[1] / size[1])
    scale = max(fits * rng.uniform(_SMALLEST_PART, 1), min(fits, 1))
    height, width = (max(1, int(side * scale + 1e-6)) for side in size)
    top, left = (
        int(rng.integers(whole - part + 1)) for whole, part in zip(shape, (height, width), strict=False)
    )
    return Frame(top, left, height, width, bool(rng.random() < 0.5))


def frame_whole(
    rng: np.random.Generator, shape: tuple[int, ...], size: tuple[int, int]
) -> tuple[Frame, tuple[int, int]]:
    """The whole of a photo, half of them mirrored, and the largest size within `size` of its aspect ratio."""
    height, width = shape[:2]
    scale = min(size[0] / height, size[1] / width)
    fits = max(1, round(height * scale)), max(1, round(width * scale))
    return Frame(0, 0, height, width, bool(rng.random() < 0.5)), fits


def is_large_enough(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Whether a photo of this shape (height, width) fills a picture when enlarged by at most 1.25."""
    return max(size[0] / shape[0], size[1] / shape[1]) <= _MOST_ENLARGED


def come_near(rng: np.random.Generator, person: Person, size: tuple[int, int]) -> Person:
    """Crop a person to the upper part, as a photo taken from closer would show it.

    For half-body photos, this is roughly head and shoulders. A person with too few pixels for a picture of
    this size (height, width) is returned unchanged.
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


def see_part(rng: np.random.Generator, person: Person) -> Person:
    """Crop the photo of a tall person to its upper or lower part, as the closer look of predict.py does."""
    height, width = person.alpha.shape
    if height <= _TALL * width:
        return person
    rows = min(height, round(max(rng.uniform(1, 1.3) * width, rng.uniform(0.5, 0.7) * height)))
    top = int(rng.integers(2)) * (height - rows)
    if not (person.alpha[top : top + rows] >= OPAQUE).any():
        return person
    return Person(*(each[top : top + rows] for each in (person.image, person.foreground, person.alpha)))


def draw_part(rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
    """Draw the height and width of a picture that leaves bars at two opposite sides of `size`."""
    shrunk = int(rng.integers(2))
    share = rng.uniform(0.5, 0.95)
    return tuple(max(1, round(side * share)) if axis == shrunk else side for axis, side in enumerate(size))


def add_bars(image: np.ndarray, alpha: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Centre a picture in a larger one; the bars have the mean colour and count as background.

    Args:
        image: BGR (h, w, 3) uint8.
        alpha: (h, w) uint8.
        size: height and width with bars, in pixels, at least h and w.

    Returns:
        image BGR (H, W, 3) uint8 and alpha (H, W) uint8.
    """
    missing = [whole - part for whole, part in zip(size, alpha.shape, strict=True)]
    sides = [(gap // 2, gap - gap // 2) for gap in missing]
    means = enumerate(PUBLISHED_MEAN)
    bars = [np.pad(image[..., channel], sides, constant_values=mean) for channel, mean in means]
    return np.dstack(bars), np.pad(alpha, sides)
