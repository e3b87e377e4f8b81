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
_LARGE_FRAME = 0.9  # relative to the photo's longer side: a larger frame shows little more than the photo
_SMALLEST_FRAME = 0.25  # likewise: a smaller one would only be blurred
_RAMP = 0.07  # relative to the frame's longer side: where it passes into the rest of the photo
_TALL = 1.4  # height relative to width
_LARGE = 0.4  # mean alpha
_OF_WIDTH, _OF_HEIGHT = 1.15, 0.6  # size of a part relative to the frame's width, and least one of its height


class Look(NamedTuple):
    """What to look at more closely."""

    frame: Place  # around all people, or the whole photo
    parts: tuple[Place, ...]  # the frame, or its upper and lower part; none where nothing more would be seen


def find_look(image: np.ndarray, alpha: np.ndarray) -> Look:
    """Find what is worth a closer look in a photo (H, W, 3), given alpha (h, w) of the whole, in [0, 1]."""
    frame = _around_people(image, alpha)
    rows, columns = len(alpha) / len(image), alpha.shape[1] / image.shape[1]
    seen = alpha[
        math.floor(frame.top * rows) : math.ceil((frame.top + frame.height) * rows),
        math.floor(frame.left * columns) : math.ceil((frame.left + frame.width) * columns),
    ]
    if frame.height > _TALL * frame.width and seen.mean() < _LARGE:
        height = round(max(_OF_WIDTH * frame.width, _OF_HEIGHT * frame.height))
        upper = frame._replace(height=height)
        return Look(frame, (upper, upper._replace(top=frame.top + frame.height - height)))
    return Look(frame, () if (frame.height, frame.width) == image.shape[:2] else (frame,))


def _around_people(image: np.ndarray, alpha: np.ndarray) -> Place:
    """The part of a photo in which all people are, with a margin; the whole if that is little more."""
    height, width = image.shape[:2]
    whole, longest = Place(0, 0, height, width), max(height, width)
    is_person = alpha >= PERSON
    if not is_person.any():
        return whole
    top, bottom = _reach(is_person.any(axis=1), height)
    left, right = _reach(is_person.any(axis=0), width)
    longer = max(bottom - top, right - left)
    margin = max(_MARGIN * longer, (_SMALLEST_FRAME * longest - longer) / 2)
    top, left = (max(0, math.floor(side - margin)) for side in (top, left))
    bottom, right = (min(most, math.ceil(side + margin)) for side, most in ((bottom, height), (right, width)))
    frame = Place(top, left, bottom - top, right - left)
    return whole if max(frame.height, frame.width) > _LARGE_FRAME * longest else frame


def _reach(has_person: np.ndarray, side: int) -> tuple[float, float]:
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
    frame, seen = look.frame, maps[0] if len(maps) == 1 else _joined_parts(look, *maps)
    if (frame.height, frame.width) == image.shape[:2]:
        return seen
    reach = _RAMP * max(seen.shape[1:])
    place = map_place(image, frame, seen.shape[1:], (reach, reach))
    canvas = np.stack([cv2.resize(each, place.size[::-1], interpolation=cv2.INTER_CUBIC) for each in whole])
    around = canvas[:, place.rows, place.columns]
    around[:] = (1 - place.weights) * around + place.weights * seen
    return canvas


def _joined_parts(look: Look, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Join the maps (C, h, w) of the upper and the lower part of a frame, which overlap."""
    part_height = upper.shape[1]
    height = round(part_height * look.frame.height / look.parts[0].height)
    overlap = 2 * part_height - height
    share = (np.arange(overlap, dtype=np.float32)[:, np.newaxis] + 0.5) / overlap
    between = (1 - share) * upper[:, part_height - overlap :] + share * lower[:, :overlap]
    return np.concatenate((upper[:, : part_height - overlap], between, lower[:, overlap:]), axis=1)
