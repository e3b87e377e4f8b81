"""Draws strands of hair: opacity, brightness and highlights of thousands of thin lines."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels
from src.portrait.geometry import normalize, smoothstep
from src.portrait.hair import Strands
from src.portrait.light import Light

_PIECE = 4  # steps of a strand drawn in one tone
_DEPTH_LEVELS = 6
_TONE_LEVELS = 14
_GLOSS_LEVELS = 6
_TIP_LEVELS = 4
_DENSE_OPACITY = 0.75


@dataclass(frozen=True)
class DrawnHair:
    """Hair in a window of the frame, (h, w) float32 planes.

    Attributes:
        corner: row and column of the window in the frame.
        alpha: 0..1.
        tone: reflected light relative to the hair's color.
        gloss: strength of highlights.
    """

    corner: tuple[int, int]
    alpha: np.ndarray
    tone: np.ndarray
    gloss: np.ndarray


class _Pieces(NamedTuple):
    """Short pieces of strands: `points` (N, _PIECE + 1, 2) pixels, everything else (N,)."""

    points: np.ndarray
    depth: np.ndarray
    tone: np.ndarray
    gloss: np.ndarray
    opacity: np.ndarray

    def chosen(self, index: np.ndarray) -> "_Pieces":
        return _Pieces(*(plane[index] for plane in self))


def draw_hair(
    strands: Strands, middle: np.ndarray, unit: float, light: Light, shape: tuple[int, int]
) -> tuple[DrawnHair, DrawnHair]:
    """Draw strands, separated into the hair behind head and body and the hair in front of them.

    Args:
        strands: the hair.
        middle: (3,) center of the head in pixels.
        unit: half the height of the head in pixels.
        light: the lamp.
        shape: height and width of the frame.
    """
    pieces = _cut(strands, middle, unit, light)
    behind = pieces.depth < middle[2] - 0.02 * unit
    fill = 0.012 * unit + 1.0
    # Behind, wider gaps between locks are filled, because they would show beside the neck.
    return (
        _draw(pieces.chosen(np.flatnonzero(behind)), shape, 2 * fill),
        _draw(pieces.chosen(np.flatnonzero(~behind)), shape, fill),
    )


def _cut(strands: Strands, middle: np.ndarray, unit: float, light: Light) -> _Pieces:
    """Cut strands into pieces and light each one."""
    points = strands.points
    count, length = points.shape[0], points.shape[1] - 1
    starts = np.arange(0, length, _PIECE)
    first, last = points[:, :-1:_PIECE], points[:, _PIECE::_PIECE]
    center = (first + last) / 2
    tone, gloss = _glow(normalize(last - first), center, strands.tone[:, None], middle, unit, light)
    tone *= 0.6 + 0.4 * strands.outer[:, None]
    taper = np.interp(starts / length, [0, 0.6, 1], [1.0, 0.95, 0.35])
    opacity = strands.thickness[:, None] * taper
    steps = starts[:, None] + np.arange(_PIECE + 1)
    whole = to_subpixels(points[..., :2])
    return _Pieces(
        np.take(whole, steps, 1).reshape(count * len(starts), _PIECE + 1, 2),
        *(plane.ravel() for plane in (center[..., 2], tone, gloss, opacity)),
    )


def _glow(tangent, center, own_tone, middle, unit: float, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """Light on a thin cylinder: none end-on, a highlight where it reflects the lamp to the viewer."""
    normal = normalize(center - middle - np.array([0, 0.3 * unit, 0], np.float32))
    along = tangent @ light.direction
    toward = normal @ light.direction
    facing = np.clip(0.5 + 0.5 * toward, 0, 1)
    diffuse = np.sqrt(np.clip(1 - along * along, 0, 1))
    half = normalize(light.direction + np.array([0, 0, 1], np.float32))
    across = tangent @ half + 0.25 * (own_tone - 1)
    sharp = np.clip(1 - across * across, 0, 1)
    sharp = np.square(np.square(sharp * np.square(sharp)))
    gloss = sharp * smoothstep(0.05, 0.9, toward)
    sky = 0.5 - 0.5 * normal[..., 1]
    return own_tone * (0.16 + 0.16 * sky + 0.62 * facing * (0.35 + 0.65 * diffuse)), gloss


def _draw(pieces: _Pieces, shape: tuple[int, int], fill: float) -> DrawnHair:
    rows, columns = _window(pieces.points, shape, int(4 * fill) + 2)
    corner = (rows.start, columns.start)
    size = (rows.stop - rows.start, columns.stop - columns.start)
    pieces.points[:] -= np.array(corner[::-1], np.int32) << SUBPIXEL_BITS
    thick = pieces.opacity > 0.6
    dense = _draw_dense(pieces.chosen(np.flatnonzero(thick)), size)
    fine = _draw_fine(pieces.chosen(np.flatnonzero(~thick)), size)
    tone, gloss, alpha = _lay(fine, dense)
    # Where strands are dense, darker hair shows between them, not the background.
    low_tone, low_alpha = _spread(tone, fill), _spread(alpha, fill)
    rest = (1 - alpha) * smoothstep(0.35, 0.72, low_alpha)
    tone += rest * (0.55 * low_tone / np.maximum(low_alpha, 1e-3))
    alpha = np.minimum(alpha + rest, 1)
    weight = 1 / np.maximum(alpha, 1e-3)
    return DrawnHair(corner, alpha, tone * weight, gloss * weight)


def _window(points: np.ndarray, shape: tuple[int, int], margin: int) -> tuple[slice, slice]:
    """The part of the frame that contains all points plus a margin; at least one pixel."""
    if not len(points):
        return slice(0, 1), slice(0, 1)
    low = (points.min((0, 1)) >> SUBPIXEL_BITS) - margin
    high = (points.max((0, 1)) >> SUBPIXEL_BITS) + margin + 1
    ranges = []
    for first, last, limit in zip(low[::-1], high[::-1], shape, strict=True):
        start = int(np.clip(first, 0, limit - 1))
        ranges.append(slice(start, int(np.clip(last, start + 1, limit))))
    return tuple(ranges)


def _spread(plane: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a half-size copy."""
    size = plane.shape[::-1]
    small = cv2.resize(plane, (max(size[0] // 2, 1), max(size[1] // 2, 1)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / 2)
    return cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)


def _lay(top: np.ndarray, bottom: np.ndarray) -> list[np.ndarray]:
    """Composite one buffer over another: tone, gloss (both premultiplied) and alpha, float32 0..1."""
    top, bottom = cv2.split(top), cv2.split(bottom)
    through = 1 - top[2] * np.float32(1 / 255)
    return [(above + below * through) * np.float32(1 / 255) for above, below in zip(top, bottom, strict=True)]


def _levels(values: np.ndarray, count: int) -> np.ndarray:
    return np.clip((values * count).astype(np.int32), 0, count - 1)


def _draw_dense(pieces: _Pieces, size: tuple[int, int]) -> np.ndarray:
    """Draw all pieces at one opacity, far to near, in few tones, so that one call draws many pieces."""
    rank = np.empty(len(pieces.depth))
    rank[np.argsort(pieces.depth)] = np.linspace(0, 1, len(rank), endpoint=False)
    return _draw_groups(pieces, size, _levels(rank, _DEPTH_LEVELS), np.full(_DEPTH_LEVELS, _DENSE_OPACITY))


def _draw_fine(pieces: _Pieces, size: tuple[int, int]) -> np.ndarray:
    """Draw from faint to strong: a faint line drawn over a strong one would weaken it."""
    level = _levels(pieces.opacity / 0.6, _TIP_LEVELS)
    return _draw_groups(pieces, size, level, (np.arange(_TIP_LEVELS) + 0.7) / _TIP_LEVELS * 0.6)


def _draw_groups(
    pieces: _Pieces, size: tuple[int, int], layer: np.ndarray, opacities: np.ndarray
) -> np.ndarray:
    """Draw pieces layer by layer; within a layer, one call draws all pieces of the same tone and gloss.

    Returns:
        (h, w, 3) uint8: tone and gloss, both premultiplied by alpha, and alpha.
    """
    buffer = np.zeros((*size, 3), np.uint8)
    key = (layer * _TONE_LEVELS + _levels(pieces.tone, _TONE_LEVELS)) * _GLOSS_LEVELS
    key += _levels(pieces.gloss, _GLOSS_LEVELS)
    order = np.argsort(key, kind="stable")
    points, key = pieces.points[order], key[order]
    bounds = np.flatnonzero(np.diff(key, prepend=-1, append=-1))
    for first, last in zip(bounds[:-1], bounds[1:], strict=True):
        rest, gloss = divmod(int(key[first]), _GLOSS_LEVELS)
        level, tone = divmod(rest, _TONE_LEVELS)
        strength = 255 * opacities[level]
        color = (strength * (tone + 0.5) / _TONE_LEVELS, strength * gloss / (_GLOSS_LEVELS - 1), strength)
        cv2.polylines(buffer, points[first:last], False, color, 1, cv2.LINE_AA, SUBPIXEL_BITS)
    return buffer
