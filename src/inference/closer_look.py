"""A closer look at people who are small in a photo.

The network sees a photo in a square of its own size. Where people fill only a part of the photo, that part is
matted again; where the part is tall, as for people from head to feet, its upper and lower part are, which
overlap. Where a person fills most of a tall part, its halves would lack what tells a person from other
things, such as the head.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from src.images.letterbox import Place
from src.inference.map_place import map_place

# Chosen on development photos and composites of them.
PERSON = 0.5  # least alpha
_MARGIN = 0.2  # around people, relative to their longer side
_LARGE_REGION = 0.9  # relative to the photo's longer side: a larger region shows little more than the photo
_SMALLEST_REGION = 0.25  # likewise: a smaller one would only be blurred
_RAMP = 0.07  # relative to the region's longer side: where it passes into the rest of the photo
_TALL = 1.4  # height relative to width
_LARGE = 0.4  # mean alpha
_OF_WIDTH = 1.15  # size of a part relative to the region's width
_OF_HEIGHT = 0.6  # least size of a part relative to the region's height

# What a video's region is kept for; set once, not chosen.
_LEAST_MARGIN = _MARGIN / 2
_LEAST_SIZE = 0.75  # of a part that would be cut out now, relative to one of those kept


class _Reach(NamedTuple):
    """How far people reach, in pixels of the photo."""

    top: float
    left: float
    bottom: float
    right: float

    @property
    def longer(self) -> float:
        """The longer side."""
        return max(self.bottom - self.top, self.right - self.left)


class Look(NamedTuple):
    """What to look at more closely."""

    region: Place  # around all people, or the whole photo
    parts: tuple[Place, ...]  # the region, or its upper and lower part; none where nothing more would be seen


def find_look(image: np.ndarray, alpha: np.ndarray, before: Look | None = None) -> Look:
    """Find what is worth a closer look.

    Args:
        image: the photo, (H, W, 3).
        alpha: of the whole photo, (h, w) in [0, 1].
        before: in a video, what was looked at in the picture before, which had the same size. It is returned
            while it fits the people: a region that follows each of their movements makes alpha flicker.
    """
    people = _reach_of_people(image, alpha)
    look = _look_at(_around(people, image), image, alpha)
    if people is not None and before is not None and _still_fits(before, people, look, image):
        return before
    return look


def _look_at(region: Place, image: np.ndarray, alpha: np.ndarray) -> Look:
    rows, columns = len(alpha) / len(image), alpha.shape[1] / image.shape[1]
    seen = alpha[
        math.floor(region.top * rows) : math.ceil((region.top + region.height) * rows),
        math.floor(region.left * columns) : math.ceil((region.left + region.width) * columns),
    ]
    if region.height > _TALL * region.width and seen.mean() < _LARGE:
        height = round(max(_OF_WIDTH * region.width, _OF_HEIGHT * region.height))
        upper = region._replace(height=height)
        return Look(region, (upper, upper._replace(top=region.top + region.height - height)))
    return Look(region, () if (region.height, region.width) == image.shape[:2] else (region,))


def _reach_of_people(image: np.ndarray, alpha: np.ndarray) -> _Reach | None:
    """How far people reach in a photo; None where nobody is."""
    is_person = alpha >= PERSON
    if not is_person.any():
        return None
    top, bottom = _along(is_person.any(axis=1), image.shape[0])
    left, right = _along(is_person.any(axis=0), image.shape[1])
    return _Reach(top, left, bottom, right)


def _around(people: _Reach | None, image: np.ndarray) -> Place:
    """The part of a photo in which all people are, with a margin; the whole if that is little more."""
    height, width = image.shape[:2]
    whole, longest = Place(0, 0, height, width), max(height, width)
    if people is None:
        return whole
    margin = max(_MARGIN * people.longer, (_SMALLEST_REGION * longest - people.longer) / 2)
    top, left = (max(0, math.floor(side - margin)) for side in (people.top, people.left))
    bottom, right = (
        min(height, math.ceil(people.bottom + margin)),
        min(width, math.ceil(people.right + margin)),
    )
    region = Place(top, left, bottom - top, right - left)
    return whole if max(region.height, region.width) > _LARGE_REGION * longest else region


def _still_fits(before: Look, people: _Reach, look: Look, image: np.ndarray) -> bool:
    """Whether an earlier look shows people with a margin, and as closely as a new one would, or nearly so."""
    if not before.parts or len(before.parts) != len(look.parts):
        return False
    kept = before.region
    bottom, right = kept.top + kept.height, kept.left + kept.width
    margins = np.subtract((people.top, people.left, bottom, right), (kept.top, kept.left, *people[2:]))
    at_edge = np.equal((kept.top, kept.left, bottom, right), (0, 0, *image.shape[:2]))
    shows_all = np.all(at_edge | (margins >= _LEAST_MARGIN * people.longer))
    now, then = (max(each.parts[0].height, each.parts[0].width) for each in (look, before))
    return bool(shows_all) and now >= _LEAST_SIZE * then


def _along(has_person: np.ndarray, side: int) -> tuple[float, float]:
    """From where to where people are seen along a side of the photo, in pixels, given it for a map's rows."""
    places, scale = np.flatnonzero(has_person), side / len(has_person)
    return places[0] * scale, (places[-1] + 1) * scale


def joined(image: np.ndarray, look: Look, whole: np.ndarray, maps: Sequence[np.ndarray]) -> np.ndarray:
    """Join the map of a whole photo and those of its parts, which pass into each other.

    Args:
        image: the photo, (H, W, 3).
        look: its parts, at least one.
        whole: (C, h, w).
        maps: (C, h', w') of each part.

    Returns:
        (C, h'', w'') for the photo, as fine as the maps of the parts.
    """
    region, seen = look.region, maps[0] if len(maps) == 1 else _joined_parts(look, *maps)
    if (region.height, region.width) == image.shape[:2]:
        return seen
    reach = _RAMP * max(seen.shape[1:])
    place = map_place(image, region, seen.shape[1:], (reach, reach))
    canvas = np.stack([cv2.resize(each, place.size[::-1], interpolation=cv2.INTER_CUBIC) for each in whole])
    around = canvas[:, place.rows, place.columns]
    around[:] = (1 - place.weights) * around + place.weights * seen
    return canvas


def _joined_parts(look: Look, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Join the maps (C, h, w) of the upper and the lower part of a region, which overlap."""
    part_height = upper.shape[1]
    height = round(part_height * look.region.height / look.parts[0].height)
    overlap = 2 * part_height - height
    share = (np.arange(overlap, dtype=np.float32)[:, np.newaxis] + 0.5) / overlap
    between = (1 - share) * upper[:, part_height - overlap :] + share * lower[:, :overlap]
    return np.concatenate((upper[:, : part_height - overlap], between, lower[:, overlap:]), axis=1)
