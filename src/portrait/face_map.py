"""A frontal map of the face, and tools to paint on it."""

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels
from src.portrait.geometry import fill_polygon, stroke

# The map extends this far to each side of the middle of the face, in half heads.
MAP_REACH = (1.0, 1.15)
MAP_SCALE = 230  # pixels per half head
MAP_SHAPE = (round(2 * MAP_REACH[1] * MAP_SCALE), round(2 * MAP_REACH[0] * MAP_SCALE))


def map_coordinates() -> tuple[np.ndarray, np.ndarray]:
    """Return x (1, W) and y (H, 1) of the map's pixels, in half heads from the middle of the face."""
    x = np.linspace(-MAP_REACH[0], MAP_REACH[0], MAP_SHAPE[1], dtype=np.float32)
    y = np.linspace(-MAP_REACH[1], MAP_REACH[1], MAP_SHAPE[0], dtype=np.float32)
    return x[None], y[:, None]


class FaceMap:
    """Color and gloss of the whole map, or of a part that shares its memory.

    Attributes:
        color: (h, w, 3) float32 linear BGR.
        gloss: (h, w) float32.
        x, y: (1, w) and (h, 1) float32, in half heads from the middle of the face.
    """

    def __init__(self) -> None:
        self.color = np.zeros((*MAP_SHAPE, 3), np.float32)
        self.gloss = np.zeros(MAP_SHAPE, np.float32)
        self.x, self.y = map_coordinates()

    def part(self, x_range: tuple[float, float], y_range: tuple[float, float]) -> "FaceMap":
        """Return the part between the given coordinates; painting on it paints on this map."""
        columns = slice(*np.searchsorted(self.x[0], x_range))
        rows = slice(*np.searchsorted(self.y[:, 0], y_range))
        part = object.__new__(FaceMap)
        part.color, part.gloss = self.color[rows, columns], self.gloss[rows, columns]
        part.x, part.y = self.x[:, columns], self.y[rows]
        return part

    def spot(self, x: float, y: float, width: float, length: float) -> np.ndarray:
        """A soft spot, (h, w) float32 0..1."""
        return np.exp(-np.square((self.x - x) / width)) * np.exp(-np.square((self.y - y) / length))

    def polygon(self, points: np.ndarray, soft: float) -> np.ndarray:
        """Coverage of a polygon (N, 2) with an edge `soft` half heads wide, (h, w) float32 0..1."""
        return fill_polygon(self.gloss.shape, self._pixels(points), soft * MAP_SCALE)

    def line(self, points: np.ndarray, width: float, soft: float) -> np.ndarray:
        """Coverage of a line through `points` (N, 2), (h, w) float32 0..1."""
        return stroke(self.gloss.shape, self._pixels(points), width * MAP_SCALE, soft * MAP_SCALE)

    def hairs(self, roots: np.ndarray, tips: np.ndarray, pixels: int) -> np.ndarray:
        """Coverage of short lines from `roots` to `tips`, (N, 2) each, (h, w) float32 0..1."""
        mask = np.zeros(self.gloss.shape, np.uint8)
        lines = to_subpixels(np.stack([self._pixels(roots), self._pixels(tips)], 1))
        cv2.polylines(mask, lines, False, 255, pixels, cv2.LINE_AA, SUBPIXEL_BITS)
        return mask.astype(np.float32) / 255

    def tone(self, weight: np.ndarray, factor) -> None:
        """Multiply the color by `factor` (3,) where `weight` (h, w) is 1."""
        for channel in range(3):
            self.color[..., channel] *= 1 + (factor[channel] - 1) * weight

    def cover(self, weight: np.ndarray, paint: np.ndarray) -> None:
        """Paint `paint`, (3,) or (h, w, 3) linear BGR, where `weight` (h, w) is 1."""
        self.color += weight[..., None] * (paint - self.color)

    def finished(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the displayed color, (h, w, 3) uint8, and gloss (h, w) float32."""
        displayed = 255 * np.sqrt(np.clip(self.color, 0, 1))
        return displayed.astype(np.uint8), np.clip(self.gloss, 0, 1)

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        return (np.asarray(points, float) - (self.x[0, 0], self.y[0, 0])) * MAP_SCALE
