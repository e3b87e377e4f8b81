"""Things that are no people, cut at random from other photos."""

import cv2
import numpy as np

from src.composites.framing import draw_frame
from src.composites.light import change_light
from src.images.blending import blend
from src.images.subpixels import SUBPIXEL_BITS, to_subpixels

_MOST = 4
_SIDE = (0.08, 0.6)  # of a thing, relative to the picture's height
_SLENDER = 0.4  # share of sticks, poles and the like


def add_clutter(rng: np.random.Generator, behind: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """Put one to four things of random shape, cut out of another photo, in front of a background.

    Whoever learns from them learns that not all that stands out is a person.

    Args:
        rng: source of randomness.
        behind: the background, BGR (H, W, 3) uint8.
        photo: a photo without people, BGR (h, w, 3) uint8.
    """
    size = behind.shape[:2]
    for _ in range(int(rng.integers(1, _MOST + 1))):
        thing = change_light(rng, draw_frame(rng, photo.shape, size).show(photo, size))
        outline, short = draw_outline(rng, rng.uniform(*_SIDE) * size[0])
        place = rng.uniform(0, 1, 2) * size[::-1]
        behind = blend(thing, behind, fill_outline(rng, outline + place, short, size))
    return behind


def draw_outline(rng: np.random.Generator, long: float) -> tuple[np.ndarray, float]:
    """Draw a thing that is angular or slender, and turned at random.

    Args:
        rng: source of randomness.
        long: its longer side, in pixels.

    Returns:
        Its corners (N, 2), x and y, around 0; and its shorter side.
    """
    short = long * (rng.uniform(0.04, 0.2) if rng.random() < _SLENDER else rng.uniform(0.4, 1))
    corners = int(rng.integers(4, 12))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = rng.uniform(0.6, 1, corners)[:, np.newaxis]
    outline = reach * np.stack([np.cos(angles) * long, np.sin(angles) * short], axis=1) / 2
    turn = rng.uniform(0, np.pi)
    return outline @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]), short


def fill_outline(
    rng: np.random.Generator, outline: np.ndarray, short: float, size: tuple[int, int]
) -> np.ndarray:
    """The alpha of a thing of `draw_outline`, (H, W) uint8; half of them become round."""
    shape = np.zeros(size, np.uint8)
    cv2.fillPoly(shape, [to_subpixels(outline)], 255, cv2.LINE_AA, SUBPIXEL_BITS)
    if rng.random() < 0.5:  # round
        shape = cv2.GaussianBlur(shape, (0, 0), max(0.5, short / 8))
        shape = np.clip(4 * (shape.astype(np.int32) - 96), 0, 255).astype(np.uint8)
    return shape
