"""Estimates foreground colours: the person's own colours where the background shows through.

Multi-level estimation (Germer et al., Fast Multi-Level Foreground Estimation, arXiv:2006.14970): foreground F
and background B minimise (alpha F + (1 - alpha) B - image)^2 plus a smoothness term, whose weight grows with
the difference in alpha between neighbours. The levels of a pyramid are solved from coarse to fine. Levels of
more than 32 pixels are solved only where alpha is soft; elsewhere the photo shows F or B itself.
"""

from typing import NamedTuple

import cv2
import numpy as np

# Larger photos are reduced for the estimate: colours vary slowly, and an 8K photo would take gigabytes.
_MOST_PIXELS = 1 << 22
_SMOOTHNESS = 1e-5  # between neighbours of equal alpha; the difference of their alphas is added
_COARSEST = 8  # the first level has a longer side of at least this, and less than twice as much
_SOLVED_WHOLE = 32  # pixels of the longer side up to which a level is solved whole
_COARSE_SWEEPS, _FINE_SWEEPS = 16, 5
_TOGETHER = 2048  # pixels of one colour of the checkerboard solved at a time, so that the caches hold them
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))  # a pixel and its four neighbours


def estimate_foreground(image: np.ndarray, alpha: np.ndarray, scale: float = 1) -> np.ndarray:
    """Estimate the foreground colour of every pixel, so that no fringe of the old background remains.

    Where alpha is 255, the photo's colours are kept.

    Args:
        image: (H, W, 3) uint8.
        alpha: (H, W) uint8.
        scale: in (0, 1]; the photo is reduced by it for the estimate, which then gets the photo's detail.

    Returns:
        (H, W, 3) uint8 in the channel order of `image`.
    """
    height, width = alpha.shape
    scale = min(scale, (_MOST_PIXELS / alpha.size) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small_image, small_alpha = (
        cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, alpha)
    )
    colours = _solve(small_image.astype(np.float32), small_alpha.astype(np.float32) / 255)
    small = cv2.convertScaleAbs(colours)  # rounds; colours are in [0, 255]
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
    for level_image, level_alpha in _pyramid(image, alpha):
        foreground, background = (
            _resize(each, *level_alpha.shape, cv2.INTER_LINEAR) for each in (foreground, background)
        )
        _solve_level(foreground, background, level_image, level_alpha)
    return foreground


def _pyramid(image: np.ndarray, alpha: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Image and alpha of each level, from the coarsest to the given ones; each halves the next."""
    height, width = alpha.shape
    levels = [(image, alpha)]
    for halvings in range(1, (max(height, width) // _COARSEST).bit_length()):
        size = max(1, round(height / 2**halvings)), max(1, round(width / 2**halvings))
        levels.append(tuple(_resize(each, *size, cv2.INTER_AREA) for each in levels[-1]))
    return levels[::-1]


def _resize(values: np.ndarray, height: int, width: int, interpolation: int) -> np.ndarray:
    resized = cv2.resize(values, (width, height), interpolation=interpolation)
    return resized.reshape(height, width, *values.shape[2:])  # OpenCV drops some axes of length 1


class _Equations(NamedTuple):
    """The linear equations of P pixels, with two unknowns (F and B) per channel and fixed neighbours."""

    pixels: slice  # places among the pixels that take part
    neighbours: np.ndarray  # (4, P) places
    weights: np.ndarray  # (4, P), of the neighbours
    constant: np.ndarray  # (6, P): alpha * image, (1 - alpha) * image
    inverse: np.ndarray  # (2, 2, 1, P): inverses of symmetric 2x2 matrices


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
            cv2.copyTo(image, known.view(np.uint8), colours)
    # Only soft pixels and their neighbours take part: six rows of few numbers, which the caches hold.
    # The black fields of the checkerboard come first, then the white ones, then the neighbours.
    solved = np.flatnonzero(soft)
    is_white = np.add(*np.divmod(solved, alpha.shape[1])) & 1 == 1
    black, white = solved[~is_white], solved[is_white]
    beside = np.flatnonzero(cv2.dilate(soft.view(np.uint8), _CROSS) > soft.view(np.uint8))
    taking_part = np.concatenate((black, white, beside))
    flat = [each.reshape(-1, 3) for each in (foreground, background)]
    values = np.empty((6, len(taking_part)), np.float32)
    for each, rows in zip(flat, (values[:3], values[3:]), strict=True):
        rows[:] = each.take(taking_part, axis=0).T
    places = np.empty(alpha.size, np.intp)
    places[taking_part] = np.arange(len(taking_part))
    parts = [
        _equations(image, alpha, pixels[first : first + _TOGETHER], places)
        for pixels in (black, white)
        for first in range(0, len(pixels), _TOGETHER)
    ]
    for _ in range(_COARSE_SWEEPS if is_coarse else _FINE_SWEEPS):
        for equations in parts:
            _sweep(values, equations)
    for each, rows in zip(flat, (values[:3], values[3:]), strict=True):
        each[taking_part] = rows.T


def _sweep(values: np.ndarray, equations: _Equations) -> None:
    """Solve the equations of some pixels for F and B, the rows of `values` (6, N), in place."""
    right = equations.constant.copy()
    # Of all modes, "clip" is the one that does not look first whether places are in range.
    near = values.take(equations.neighbours, axis=1, mode="clip")
    near *= equations.weights
    for neighbour in range(4):
        right += near[:, neighbour]
    of_f, of_b = equations.inverse
    solved = of_f * right[:3]
    solved += of_b * right[3:]
    np.minimum(np.maximum(solved, 0, out=solved), 255, out=solved)
    values[:, equations.pixels] = solved.reshape(6, -1)


def _equations(image: np.ndarray, alpha: np.ndarray, pixels: np.ndarray, places: np.ndarray) -> _Equations:
    """The equations of some pixels of a level; at the border, a pixel stands in for its missing neighbour."""
    height, width = alpha.shape
    columns = pixels % width
    neighbours = np.stack(
        (
            pixels - width * (pixels >= width),
            pixels + width * (pixels < (height - 1) * width),
            pixels - (columns > 0),
            pixels + (columns < width - 1),
        )
    )
    flat = alpha.reshape(-1)
    a = flat.take(pixels)
    weights = _SMOOTHNESS + np.abs(a - flat.take(neighbours))
    total = sum(weights)
    ff, fb, bb = a * a + total, a * (1 - a), (1 - a) ** 2 + total
    determinant = ff * bb - fb * fb
    colour = np.ascontiguousarray(image.reshape(-1, 3).take(pixels, axis=0).T)
    inverse = np.stack((bb / determinant, -fb / determinant, ff / determinant))
    first = places[pixels[0]]
    return _Equations(
        slice(first, first + len(pixels)),
        places.take(neighbours),
        weights,
        np.concatenate((a * colour, (1 - a) * colour)),
        inverse[[[0, 1], [1, 2]], np.newaxis],
    )


def _add_detail(foreground: np.ndarray, image: np.ndarray, blurred: np.ndarray, alpha: np.ndarray) -> None:
    """Add the detail that the photo lost by shrinking to an enlarged estimate, where alpha is soft."""
    rows = max(1, _MOST_PIXELS // image.shape[1])
    for top in range(0, len(image), rows):
        part = slice(top, top + rows)
        soft = np.flatnonzero((alpha[part] > 0) & (alpha[part] < 255))
        seen, enlarged, lost = (
            each[part].reshape(-1, 3).take(soft, axis=0).astype(np.float32)
            for each in (image, foreground, blurred)
        )
        weight = alpha[part].reshape(-1).take(soft) / np.float32(255)
        seen -= lost
        seen *= np.repeat(weight, 3).reshape(-1, 3)
        enlarged += seen
        foreground[part].reshape(-1, 3)[soft] = np.clip(np.round(enlarged), 0, 255)
