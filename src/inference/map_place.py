"""Where the map of a part of a photo lies in a map of the whole, and how it passes into what is around it."""

from typing import NamedTuple

import numpy as np

from src.images.letterbox import Place


class MapPlace(NamedTuple):
    """Where a map (h, w) of a part lies."""

    size: tuple[int, int]  # height and width of a map of the whole photo that is as fine
    rows: slice
    columns: slice
    weights: np.ndarray  # (h, w) float32: 1, but falling towards ends that are no edges of the photo


def map_place(image: np.ndarray, part: Place, shape: tuple[int, int], reach: tuple[float, float]) -> MapPlace:
    """Where the map of a part of a photo lies.

    Args:
        image: the photo, (H, W, 3).
        part: of the photo.
        shape: height and width of the part's map.
        reach: how far from the part's ends the weights fall, in rows and in columns of the map.
    """
    (height, width), (rows, columns) = image.shape[:2], shape
    size = round(rows * height / part.height), round(columns * width / part.width)
    top = min(round(part.top * size[0] / height), size[0] - rows)
    left = min(round(part.left * size[1] / width), size[1] - columns)
    down = _falling(rows, reach[0], part.top > 0, part.top + part.height < height)
    across = _falling(columns, reach[1], part.left > 0, part.left + part.width < width)
    weights = down[:, np.newaxis] * across
    return MapPlace(size, slice(top, top + rows), slice(left, left + columns), weights)


def _falling(length: int, reach: float, begins_inside: bool, ends_inside: bool) -> np.ndarray:
    places = np.arange(length, dtype=np.float32) + np.float32(0.5)
    weights = np.ones(length, np.float32)
    if begins_inside:
        weights = np.minimum(weights, places / np.float32(reach))
    if ends_inside:
        weights = np.minimum(weights, places[::-1] / np.float32(reach))
    return weights
