"""Where a person is placed in a picture, in whole pixels so that images are resampled only once.

An edge of the photo that cuts the person off is placed at or beyond the picture's edge. A person is enlarged
only where this requires it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from src.composites.framing import Frame
from src.composites.outline import Box, find_box, find_cuts

_SEATED = 0.3  # share of full bodies cut at knee, waist or chest by the picture's lower edge
_CROPPED = 0.25  # share cut by the left, right or upper edge of the picture
_SIDES = ("left", "right", "above")
_LOST = (0.1, 0.45)  # fraction of the person's width that is cut at the left or right
_LOST_ABOVE = (0.03, 0.2)  # fraction of the person's height that is cut at the top


class Place(NamedTuple):
    """Size and upper left corner of a person's photo in a picture, in pixels; the corner may lie outside."""

    height: int
    width: int
    top: int
    left: int
    mirrored: bool = False

    def show(self, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Put a photo (h, w) or (h, w, C) here in a picture of `size` (height, width) that is 0 elsewhere."""
        if image.shape[:2] != (self.height, self.width):
            way = cv2.INTER_AREA if self.height < image.shape[0] else cv2.INTER_LINEAR
            image = cv2.resize(image, (self.width, self.height), interpolation=way)
        if self.mirrored:
            image = image[:, ::-1]
        shown = np.zeros((*size, *image.shape[2:]), image.dtype)
        rows, photo_rows = _overlap(self.top, self.height, size[0])
        columns, photo_columns = _overlap(self.left, self.width, size[1])
        shown[rows, columns] = image[photo_rows, photo_columns]
        return shown


def draw_place(
    rng: np.random.Generator, alpha: np.ndarray, size: tuple[int, int], distance: float = 1
) -> Place:
    """Draw a place for the main person of a picture: large, and cut off at an edge in some cases.

    Args:
        rng: source of randomness.
        alpha: of the person, (h, w) uint8.
        size: height and width of the picture in pixels.
        distance: how many times smaller the person is than usual.
    """
    height, width = size
    box, cuts = find_box(alpha), find_cuts(alpha)
    side = _SIDES[rng.integers(len(_SIDES))] if rng.random() < _CROPPED else None
    lost = rng.uniform(*_LOST_ABOVE) if side == "above" else 0
    hidden = rng.uniform(0, 0.25) if cuts.below else 0
    if not cuts.below and rng.random() < _SEATED:
        hidden = rng.uniform(0.1, 0.6)
    goes_on_below = cuts.below or hidden > 0
    rows = box.height * (1 - hidden - lost)
    scale = rng.uniform(0.95 if lost else 0.6, 1.15) * min(height / rows, 1.4 * width / box.width) / distance
    least_rows = height / box.height if cuts.above and goes_on_below else 0
    place, placed = _sized(alpha, max(_limit(scale, alpha, size), least_rows))
    free_rows, free_columns = height - placed.height, width - placed.width
    if side == "above" and placed.height * (1 - lost) > 0.8 * height:  # else the feet would be in the air
        y = -lost * placed.height
    elif goes_on_below:
        y = height - (1 - hidden) * placed.height
    else:  # feet are usually low in the picture
        y = free_rows * (rng.uniform(0.6, 1) if free_rows > 0 else rng.uniform(0, 1))
    if side == "left":
        x = -rng.uniform(*_LOST) * placed.width
    elif side == "right":
        x = free_columns + rng.uniform(*_LOST) * placed.width
    else:
        x = rng.uniform(-0.2, 0.2) * placed.width + rng.uniform(0, 1) * free_columns
    y = _held(y, free_rows, cuts.above, goes_on_below)
    x = _held(x, free_columns, cuts.left, cuts.right)
    return _moved(place, y - placed.top, x - placed.left, rng.random() < 0.5, width)


def draw_place_behind(rng: np.random.Generator, alpha: np.ndarray, size: tuple[int, int]) -> Place:
    """Draw a place for a small person in the background; a person cut off below stays cut off.

    Args:
        rng: source of randomness.
        alpha: of the person, (h, w) uint8.
        size: height and width of the picture in pixels.
    """
    height, width = size
    place, placed = _sized(alpha, min(1, rng.uniform(0.2, 0.55) * height / find_box(alpha).height))
    feet = height * (rng.uniform(1, 1.3) if find_cuts(alpha).below else rng.uniform(0.6, 1.1))
    y, x = feet - placed.height, rng.uniform(0, width) - placed.width / 2
    return _moved(place, y - placed.top, x - placed.left, rng.random() < 0.5, width)


def draw_place_of(
    rng: np.random.Generator, alpha: np.ndarray, other: np.ndarray, frame: Frame, size: tuple[int, int]
) -> Place:
    """Draw a place for a person who replaces another one, at about the same size and on the same ground.

    Args:
        rng: source of randomness.
        alpha: of the person, (h, w) uint8.
        other: alpha of the person to replace, in another photo, (H, W) uint8.
        frame: the part of that photo that is shown.
        size: height and width of the picture in pixels.
    """
    height, width = size
    cuts, there = find_cuts(alpha), find_box(other)
    shown = height / frame.height
    top, bottom = ((row - frame.top) * shown for row in (there.top, there.bottom))
    middle = ((there.left + there.right) / 2 - frame.left) * shown
    if frame.mirrored:
        middle = width - middle
    scale = rng.uniform(0.95, 1.25) * (bottom - top) / find_box(alpha).height
    if cuts.below:
        scale = max(scale, (height - top) / find_box(alpha).height)
    least_rows = height / find_box(alpha).height if cuts.above and cuts.below else 0
    place, placed = _sized(alpha, max(_limit(scale, alpha, size), least_rows))
    y = _held(bottom - placed.height, height - placed.height, cuts.above, cuts.below)
    x = _held(middle - placed.width / 2, width - placed.width, cuts.left, cuts.right)
    return _moved(place, y - placed.top, x - placed.left, False, width)


def draw_row(
    rng: np.random.Generator, alphas: Sequence[np.ndarray], size: tuple[int, int], distance: float = 1
) -> list[Place | None]:
    """Draw places for people side by side, slightly overlapping; None for people without a place.

    A person cut off at one side is placed at that edge of the picture. People cut off at both sides or at the
    top get no place.

    Args:
        rng: source of randomness.
        alphas: of the people, each (h, w) uint8.
        size: height and width of the picture in pixels.
        distance: how many times smaller they are than usual.
    """
    height, width = size
    order = _draw_order(rng, alphas)
    boxes = [find_box(alphas[number]) for number, _ in order]
    if not order:
        return [None] * len(alphas)
    tall = rng.uniform(0.55, 0.95) * height
    wide = sum(box.width / box.height for box in boxes)
    tall = min(tall, 1.5 * width / wide) / distance
    ground = rng.uniform(0.85, 1) * height
    sized, starts, start = [], [], 0.0
    for (number, _), box in zip(order, boxes, strict=True):
        place, placed = _sized(alphas[number], min(1, tall * rng.uniform(0.9, 1.1) / box.height))
        sized.append((place, placed))
        starts.append(start)
        start += placed.width * rng.uniform(0.5, 1)
    row_width = starts[-1] + sized[-1][1].width
    shift = (width - row_width) / 2 + rng.uniform(-0.1, 0.1) * width
    places: list[Place | None] = [None] * len(alphas)
    for (number, mirrored), (place, placed), x in zip(order, sized, starts, strict=True):
        cuts = find_cuts(alphas[number])
        below = rng.uniform(0, 0.2) * placed.height if cuts.below else ground - height
        left, right = (cuts.right, cuts.left) if mirrored else (cuts.left, cuts.right)
        x = _held(x + shift, width - placed.width, left, right)
        margin = place.width - placed.right if mirrored else placed.left
        places[number] = place._replace(
            top=round(height - placed.height + below - placed.top), left=round(x) - margin, mirrored=mirrored
        )
    return places


def _draw_order(rng: np.random.Generator, alphas: Sequence[np.ndarray]) -> list[tuple[int, bool]]:
    """Draw the order of people in a row, from left to right: the index and whether to mirror the person."""
    left, middle, right = [], [], []
    for number in rng.permutation(len(alphas)):
        cuts = find_cuts(alphas[number])
        if cuts.above or (cuts.left and cuts.right):
            continue
        if not cuts.left and not cuts.right:
            middle.append((int(number), bool(rng.random() < 0.5)))
        elif not left:
            left.append((int(number), cuts.right))
        elif not right:
            right.append((int(number), cuts.left))
    return left + middle + right


def _limit(scale: float, alpha: np.ndarray, size: tuple[int, int]) -> float:
    """Limit a scale to 1, unless the person is cut off at both sides and must reach both edges."""
    box, cuts = find_box(alpha), find_cuts(alpha)
    return max(min(scale, 1), size[1] / box.width if cuts.left and cuts.right else 0)


def _sized(alpha: np.ndarray, scale: float) -> tuple[Place, Box]:
    """Scale a photo, placed at the picture's corner; also return the person's bounding box in it."""
    height, width = (max(1, math.ceil(side * scale - 1e-6)) for side in alpha.shape)
    box = find_box(alpha)
    rows, columns = height / alpha.shape[0], width / alpha.shape[1]
    placed = Box(
        math.floor(box.top * rows + 1e-6),
        math.ceil(box.bottom * rows - 1e-6),
        math.floor(box.left * columns + 1e-6),
        math.ceil(box.right * columns - 1e-6),
    )
    return Place(height, width, 0, 0), placed


def _held(start: float, free: int, cut_before: bool, cut_behind: bool) -> float:
    """Adjust a person's start along an axis so that no cut edge shows; `free` is picture minus person."""
    if cut_before:
        start = min(start, 0)
    if cut_behind:
        start = max(start, free)
    return start


def _moved(place: Place, top: float, left: float, mirrored: bool, width: int) -> Place:
    """Move a place to another corner, or to its mirror image in a picture of this width."""
    left = round(left)
    return place._replace(
        top=round(top), left=width - left - place.width if mirrored else left, mirrored=mirrored
    )


def _overlap(start: int, length: int, whole: int) -> tuple[slice, slice]:
    """The part of the picture that a photo covers along an axis, and the matching part of the photo."""
    first, last = max(0, start), max(0, min(whole, start + length))
    first = min(first, last)
    return slice(first, last), slice(first - start, last - start)
