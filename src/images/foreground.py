"""Estimates foreground colours: the person's own colours where the background shows through.

Multi-level estimation (Germer et al., Fast Multi-Level Foreground Estimation, arXiv:2006.14970): foreground F
and background B minimise (alpha F + (1 - alpha) B - image)^2 plus a smoothness term, whose weight grows with
the difference in alpha between neighbours. The levels of a pyramid are solved from coarse to fine. Levels of
more than 32 pixels are solved only where alpha is soft; elsewhere the photo shows F or B itself.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

# Larger photos are reduced for the estimate: colours vary slowly, and an 8K photo would take gigabytes.
_MOST_PIXELS = 1 << 22
_SMOOTHNESS = 1e-5  # between neighbours of equal alpha; the difference of their alphas is added
_SOLVED_WHOLE = 32  # pixels of the longer side up to which a level is solved whole
_COARSE_SWEEPS, _FINE_SWEEPS = 16, 5
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))  # a pixel and its four neighbours


def estimate_foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Estimate the foreground colour of every pixel, so that no fringe of the old background remains.

    Where alpha is 255, the photo's colours are kept.

    Args:
        image: (H, W, 3) uint8.
        alpha: (H, W) uint8.

    Returns:
        (H, W, 3) uint8 in the channel order of `image`.
    """
    height, width = alpha.shape
    scale = min(1, (_MOST_PIXELS / alpha.size) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small_image, small_alpha = (
        cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, alpha)
    )
    colours = _solve(small_image.astype(np.float32), small_alpha.astype(np.float32) / 255)
    small = np.round(np.clip(colours, 0, 255)).astype(np.uint8)
    foreground = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if scale < 1:
        _add_detail(
            foreground, image, cv2.resize(small_image, (width, height), interpolation=cv2.INTER_LINEAR), alpha
        )
    return cv2.copyTo(image, (alpha == 255).astype(np.uint8), foreground)


def _solve(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Foreground (H, W, 3) of an image (H, W, 3) in [0, 255] with alpha (H, W) in [0, 1], all float32."""
    mean = np.float32([[cv2.mean(image)[:3]]])
    foreground, background = mean, mean
    for height, width in _level_sizes(*alpha.shape):
        level_image = _resize(image, height, width, cv2.INTER_AREA)
        level_alpha = _resize(alpha, height, width, cv2.INTER_AREA)
        foreground, background = (
            _resize(each, height, width, cv2.INTER_LINEAR) for each in (foreground, background)
        )
        _solve_level(foreground, background, level_image, level_alpha)
    return foreground


def _level_sizes(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Sizes of the pyramid: from about one pixel, doubling, to (height, width)."""
    for halvings in reversed(range((max(height, width) - 1).bit_length() + 1)):
        yield max(1, round(height / 2**halvings)), max(1, round(width / 2**halvings))


def _resize(values: np.ndarray, height: int, width: int, interpolation: int) -> np.ndarray:
    resized = cv2.resize(values, (width, height), interpolation=interpolation)
    return resized.reshape(height, width, *values.shape[2:])  # OpenCV drops some axes of length 1


class _Equations(NamedTuple):
    """The linear equations of P pixels, with two unknowns (F and B) per channel and fixed neighbours."""

    pixels: np.ndarray  # (P,) places among the pixels that take part
    neighbours: tuple[np.ndarray, ...]  # 4 x (P,) places
    weights: tuple[np.ndarray, ...]  # 4 x (P,), of the neighbours
    constant: np.ndarray  # (6, P): alpha * image, (1 - alpha) * image
    inverse: tuple[np.ndarray, np.ndarray, np.ndarray]  # 3 x (P,): inverses of symmetric 2x2 matrices


def _solve_level(
    foreground: np.ndarray, background: np.ndarray, image: np.ndarray, alpha: np.ndarray
) -> None:
    """Improve F and B (h, w, 3) of a level in place, by Gauss-Seidel sweeps in checkerboard order."""
    is_coarse = max(alpha.shape) <= _SOLVED_WHOLE
    if is_coarse:
        soft = np.ones_like(alpha, bool)
    else:
        soft = (alpha > 0) & (alpha < 1)
        for colours, known in ((foreground, alpha == 1), (background, alpha == 0)):
            cv2.copyTo(image, known.astype(np.uint8), colours)
    # Only soft pixels and their neighbours take part: six rows of few numbers, which the caches hold.
    taking_part = np.flatnonzero(cv2.dilate(soft.astype(np.uint8), _CROSS))
    flat = [each.reshape(-1, 3) for each in (foreground, background)]
    values = np.concatenate([each[taking_part].T for each in flat])
    rows, columns = np.nonzero(soft)
    is_black = (rows + columns) % 2 == 0
    places = np.empty(alpha.size, np.intp)
    places[taking_part] = np.arange(len(taking_part))
    halves = [_equations(image, alpha, rows[half], columns[half], places) for half in (is_black, ~is_black)]
    for _ in range(_COARSE_SWEEPS if is_coarse else _FINE_SWEEPS):
        for equations in halves:
            _sweep(values, equations)
    for each, solved in zip(flat, (values[:3], values[3:]), strict=True):
        each[taking_part] = solved.T


def _sweep(values: np.ndarray, equations: _Equations) -> None:
    """Solve the equations of half the pixels for F and B, the rows of `values` (6, N), in place."""
    right = equations.constant.copy()
    for neighbour, weight in zip(equations.neighbours, equations.weights, strict=True):
        near = values.take(neighbour, axis=1, mode="clip")  # of all modes, the one that does not look first
        right += np.multiply(near, weight, out=near)
    f, b = right[:3], right[3:]
    ff, fb, bb = equations.inverse
    solved = np.concatenate((ff * f + fb * b, fb * f + bb * b))
    values[:, equations.pixels] = np.clip(solved, 0, 255, out=solved)


def _equations(
    image: np.ndarray, alpha: np.ndarray, rows: np.ndarray, columns: np.ndarray, places: np.ndarray
) -> _Equations:
    """The equations of some pixels of a level; at the border, a pixel stands in for its missing neighbour."""
    height, width = alpha.shape
    pixels = rows * width + columns
    neighbours = (
        np.maximum(rows - 1, 0) * width + columns,
        np.minimum(rows + 1, height - 1) * width + columns,
        rows * width + np.maximum(columns - 1, 0),
        rows * width + np.minimum(columns + 1, width - 1),
    )
    flat = alpha.reshape(-1)
    a = flat[pixels]
    weights = tuple(_SMOOTHNESS + np.abs(a - flat[each]) for each in neighbours)
    total = sum(weights)
    ff, fb, bb = a * a + total, a * (1 - a), (1 - a) ** 2 + total
    determinant = ff * bb - fb * fb
    colour = image.reshape(-1, 3)[pixels].T
    return _Equations(
        places[pixels],
        tuple(places[each] for each in neighbours),
        weights,
        np.concatenate((a * colour, (1 - a) * colour)),
        (bb / determinant, -fb / determinant, ff / determinant),
    )


def _add_detail(foreground: np.ndarray, image: np.ndarray, blurred: np.ndarray, alpha: np.ndarray) -> None:
    """Add the detail that the photo lost by shrinking to an enlarged estimate, weighted by alpha."""
    rows = max(1, _MOST_PIXELS // image.shape[1])
    for top in range(0, len(image), rows):
        part = slice(top, top + rows)
        weight = alpha[part, :, np.newaxis] / np.float32(255)
        detail = image[part].astype(np.float32) - blurred[part]
        foreground[part] = np.clip(np.round(foreground[part] + weight * detail), 0, 255)
