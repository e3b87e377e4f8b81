"""A search for people who are too small to be seen in a whole photo: parts of it are matted by themselves."""

import math
from collections.abc import Sequence

import numpy as np

from src.images.letterbox import Place
from src.inference.closer_look import PERSON
from src.inference.map_place import map_place

# Chosen on composites of development people who are seen from afar.
_NOBODY = 0.01  # share of the photo that is person, below which nobody has been seen
_SIDE = 0.5  # of a tile, relative to the photo's longer side
_STEP = 0.6  # most distance between two tiles, relative to their side


def find_tiles(image: np.ndarray, alpha: np.ndarray) -> list[Place]:
    """Find the parts of a photo (H, W, 3) to search, given alpha (h, w) of the whole, in [0, 1].

    Returns:
        Overlapping tiles of one size, which cover the photo; none where alpha shows somebody, or where the
        photo is no larger than alpha, so that its parts show nothing more.
    """
    height, width = image.shape[:2]
    if (alpha >= PERSON).mean() >= _NOBODY or max(height, width) <= max(alpha.shape):
        return []
    side = math.ceil(_SIDE * max(height, width))
    rows, columns = min(height, side), min(width, side)
    return [
        Place(top, left, rows, columns) for top in _starts(height, rows) for left in _starts(width, columns)
    ]


def _starts(whole: int, part: int) -> list[int]:
    """Where parts begin that are spread evenly over a side and overlap."""
    steps = math.ceil((whole - part) / (_STEP * part))
    return [round(step * (whole - part) / max(1, steps)) for step in range(steps + 1)]


def joined_tiles(image: np.ndarray, tiles: Sequence[Place], maps: Sequence[np.ndarray]) -> np.ndarray:
    """Join the maps of tiles; where tiles overlap, a map counts the more the farther its edge is.

    Args:
        image: the photo, (H, W, 3).
        tiles: of `find_tiles`.
        maps: (C, h, w) of each.

    Returns:
        (C, h', w') for the photo, as fine as the maps.
    """
    channels, *shape = maps[0].shape
    places = [map_place(image, tile, shape, (shape[0] / 2, shape[1] / 2)) for tile in tiles]
    size = places[0].size
    total, weight = np.zeros((channels, *size), np.float32), np.zeros(size, np.float32)
    for place, each in zip(places, maps, strict=True):
        total[:, place.rows, place.columns] += place.weights * each
        weight[place.rows, place.columns] += place.weights
    return total / weight
