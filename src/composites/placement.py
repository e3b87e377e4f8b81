"""Where a person comes to stand in a picture: whole pixels, so that nobody is resampled twice.

Edges of the photo that cut the person come to lie at or beyond those of the picture. People are enlarged only
where that needs it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from src.composites.framing import Frame
from src.composites.outline import Box, find_box, find_cuts

_SEATED = 0.3  # of whole people are shown to knee, waist or breast, at the picture's lower edge
_CROPPED = 0.25  # lose more than a sleeve at the left or right edge, or the top of the head
_SIDES = ("left", "right", "above")
_LOST = (0.1, 0.45)  # of the width, at such a side
_LOST_ABOVE = (0.03, 0.2)  # of the height


class Place(NamedTuple):
    """Size and corner of a person's photo in a picture, in its pixels; the corner may lie outside."""

    height: int
    width: int
    top: int
    left: int
    mirrored: bool = False

    def show(self, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """A photo (H, W) or (H, W, C) of the person here in a picture of `size`, 0 around it."""
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


def draw_place(rng: np.random.Generator, alpha: np.ndarray, size: tuple[int, int]) -> Place:
    """Draw where someone stands whom a picture of `size` is about: the person of alpha (H, W), large."""
    height, width = size
    box, cuts = find_box(alpha), find_cuts(alpha)
    side = _SIDES[rng.integers(len(_SIDES))] if rng.random() < _CROPPED else None
    lost = rng.uniform(*_LOST_ABOVE) if side == "above" else 0
    hidden = rng.uniform(0, 0.25) if cuts.below else 0
    if not cuts.below and rng.random() < _SEATED:
        hidden = rng.uniform(0.1, 0.6)
    goes_on_below = cuts.below or hidden > 0
    rows = box.height * (1 - hidden - lost)
    scale = rng.uniform(0.95 if lost else 0.6, 1.15) * min(height / rows, 1.4 * width / box.width)
    least_rows = height / box.height if cuts.above and goes_on_below else 0
    place, placed = _sized(alpha, max(_limit(scale, alpha, size), least_rows))
    free_rows, free_columns = height - placed.height, width - placed.width
    if side == "above" and placed.height * (1 - lost) > 0.8 * height:  # else too small: feet in the air
        y = -lost * placed.height
    elif goes_on_below:
        y = height - (1 - hidden) * placed.height
    else:  # feet stand low in photos
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
    """Draw where someone stands in the background, small; who is cut at the waist stays cut."""
    height, width = size
    place, placed = _sized(alpha, min(1, rng.uniform(0.2, 0.55) * height / find_box(alpha).height))
    feet = height * (rng.uniform(1, 1.3) if find_cuts(alpha).below else rng.uniform(0.6, 1.1))
    y, x = feet - placed.height, rng.uniform(0, width) - placed.width / 2
    return _moved(place, y - placed.top, x - placed.left, rng.random() < 0.5, width)


def draw_place_of(
    rng: np.random.Generator, alpha: np.ndarray, other: np.ndarray, frame: Frame, size: tuple[int, int]
) -> Place:
    """Draw where a person stands in for another one, about as large, on the same ground.

    Args:
        rng: its source.
        alpha: of the person, (H, W).
        other: alpha of the other one in a photo of its own.
        frame: the part of that photo that is shown.
        size: height and width of the picture.
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
    rng: np.random.Generator, alphas: Sequence[np.ndarray], size: tuple[int, int]
) -> list[Place | None]:
    """Draw where people stand side by side, overlapping a little; None: finds no place there.

    Who is cut at a side stands at that edge of the picture; who is cut at both or above stands in no row.
    """
    height, width = size
    order = _draw_order(rng, alphas)
    boxes = [find_box(alphas[number]) for number, _ in order]
    if not order:
        return [None] * len(alphas)
    tall = rng.uniform(0.55, 0.95) * height
    wide = sum(box.width / box.height for box in boxes)
    tall = min(tall, 1.5 * width / wide)
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
    """Who stands in a row, from left to right, and who is mirrored there."""
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
    """A scale that does not enlarge, unless the person is cut at both sides and must reach both edges."""
    box, cuts = find_box(alpha), find_cuts(alpha)
    return max(min(scale, 1), size[1] / box.width if cuts.left and cuts.right else 0)


def _sized(alpha: np.ndarray, scale: float) -> tuple[Place, Box]:
    """A photo's size at a scale, at the picture's corner; and where the person is in it."""
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
    """Where a person starts along an axis, so that no cut edge shows; `free` is what the person leaves."""
    if cut_before:
        start = min(start, 0)
    if cut_behind:
        start = max(start, free)
    return start


def _moved(place: Place, top: float, left: float, mirrored: bool, width: int) -> Place:
    """A place with another corner, or its mirror image in a picture of this width."""
    left = round(left)
    return place._replace(
        top=round(top), left=width - left - place.width if mirrored else left, mirrored=mirrored
    )


def _overlap(start: int, length: int, whole: int) -> tuple[slice, slice]:
    """What a photo covers of an axis of the picture, and the part of the photo that does."""
    first, last = max(0, start), max(0, min(whole, start + length))
    first = min(first, last)
    return slice(first, last), slice(first - start, last - start)
