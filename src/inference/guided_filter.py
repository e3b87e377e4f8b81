"""Upsamples alpha to the photo's size, along the photo's edges, with a fast guided filter.

He et al., Guided Image Filtering, TPAMI 2013, section 3.5 (colour guide); He and Sun, Fast Guided Filter,
arXiv:1505.00996: the linear coefficients are computed at low resolution and enlarged.
"""

from collections.abc import Sequence

import cv2
import numpy as np

_RADIUS = 2  # of the window, in pixels of the network; chosen on training photos
_EPSILON = 1e-5  # regularisation against noise, for colours in [0, 1]
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))  # of channels: a symmetric matrix, row by row
_STRIP_PIXELS = 1 << 17  # sharpened at a time, so that the caches hold them
_WINDOW = np.ones((2 * _RADIUS + 1,) * 2, np.uint8)
_REACH = np.ones((2 * _RADIUS + 3,) * 2, np.uint8)  # a window, and one pixel more for interpolation


def guided_filter(image: np.ndarray, pred_alpha: np.ndarray, shrunk: np.ndarray | None = None) -> np.ndarray:
    """Enlarge alpha along the edges of a photo.

    Within every window, alpha is modelled as a linear function of colour, so an edge in the photo, such as a
    strand of hair, becomes an edge in alpha.

    Args:
        image: the photo, BGR (H, W, 3) uint8.
        pred_alpha: (h, w) float32 in [0, 1] for the whole photo, smaller than it.
        shrunk: the photo at alpha's size, (h, w, 3) uint8; None: it is shrunk by averaging.

    Returns:
        (H, W) float32 in [0, 1].
    """
    height, width = image.shape[:2]
    size = pred_alpha.shape[::-1]
    alpha = cv2.resize(pred_alpha, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width)
    # Most of alpha is 0 or 1: a window in which it is the same has no slope, and nothing to sharpen.
    varies = cv2.dilate(pred_alpha, _WINDOW) > cv2.erode(pred_alpha, _WINDOW)
    if not varies.any():
        return alpha
    guide = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if shrunk is None else shrunk
    box = _around(varies)
    planes = [*np.zeros((3, *pred_alpha.shape), np.float32), pred_alpha.copy()]
    parts = _linear_coefficients(guide[box], pred_alpha[box], np.flatnonzero(varies[box]))
    for plane, part in zip(planes, parts, strict=True):
        plane[box] = part
    wide = [_widened(plane, width) for plane in planes]
    reached = _widened(cv2.dilate(varies.view(np.uint8), _REACH), width, cv2.INTER_NEAREST).view(bool)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        _sharpen(alpha, slice(top, min(top + rows, height)), image, wide, reached)
    return alpha


def _around(varies: np.ndarray) -> tuple[slice, slice]:
    """The box of the pixels that are set, and of those that their slopes reach."""
    places = (np.flatnonzero(varies.any(axis=axis)) for axis in (1, 0))
    return tuple(slice(max(0, each[0] - _RADIUS - 1), each[-1] + _RADIUS + 2) for each in places)


def _linear_coefficients(guide: np.ndarray, alpha: np.ndarray, varies: np.ndarray) -> list[np.ndarray]:
    """Alpha over colour in [0, 255], averaged over all windows around a pixel.

    Args:
        guide: BGR (h, w, 3) uint8.
        alpha: (h, w) float32 in [0, 1].
        varies: the pixels around which alpha is not the same in the whole window, as places in `alpha`.

    Returns:
        The slopes of the three channels, and the offset, each (h, w) float32.
    """
    # One plane after another: NumPy and OpenCV are slower on channels that lie side by side.
    channels = cv2.split(guide.astype(np.float32) / 255)
    means = [_mean(each).take(varies) for each in channels]
    offset = _mean(alpha)
    mean_alpha = offset.take(varies)
    covariances = [
        _mean(channel * alpha).take(varies) - mean * mean_alpha
        for channel, mean in zip(channels, means, strict=True)
    ]
    variances = []
    for i, j in _PAIRS:
        variance = _mean(channels[i] * channels[j]).take(varies)
        variance += (_EPSILON if i == j else 0) - means[i] * means[j]
        variances.append(variance)
    slopes = []
    explained = np.zeros_like(mean_alpha)
    for solved, mean in zip(_solve(variances, covariances), means, strict=True):
        slope = np.zeros_like(alpha)
        slope.reshape(-1)[varies] = solved
        slopes.append(_mean(slope) / np.float32(255))
        explained += solved * mean
    offset.reshape(-1)[varies] -= explained
    return [*slopes, _mean(offset)]


def _solve(matrices: list[np.ndarray], right: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Solve symmetric 3x3 equations for three right sides, all arrays of one shape.

    By cofactors, which cancel: hence in double precision; the arrays are float32.

    Args:
        matrices: the six numbers of each, in the order of _PAIRS.
        right: the three right sides.
    """
    a, b, c, d, e, f = (each.astype(np.float64) for each in matrices)
    x, y, z = (each.astype(np.float64) for each in right)
    # The cofactors, of which a symmetric matrix has six.
    aa, ab, ac, bb, bc, cc = (
        d * f - e * e,
        c * e - b * f,
        b * e - c * d,
        a * f - c * c,
        b * c - a * e,
        a * d - b * b,
    )
    determinant = a * aa + b * ab + c * ac
    solved = (aa * x + ab * y + ac * z, ab * x + bb * y + bc * z, ac * x + bc * y + cc * z)
    return [(each / determinant).astype(np.float32) for each in solved]


def _mean(values: np.ndarray) -> np.ndarray:
    side = 2 * _RADIUS + 1
    return cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)


def _widened(plane: np.ndarray, width: int, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    height = len(plane)
    return cv2.resize(plane, (width, height), interpolation=interpolation).reshape(height, width)


def _sharpen(
    alpha: np.ndarray, strip: slice, image: np.ndarray, planes: Sequence[np.ndarray], reached: np.ndarray
) -> None:
    """Compute a strip of rows of alpha from the image, where coefficients are not the same all around.

    Args:
        alpha: (H, W) float32, changed in place.
        strip: the rows.
        image: BGR (H, W, 3) uint8.
        planes: three slopes and the offset, (h, W) float32, which are enlarged bilinearly.
        reached: where they are not the same, (h, W) bool.
    """
    height, width = alpha.shape
    last = len(reached) - 1
    y = np.clip((np.arange(strip.start, strip.stop) + 0.5) * len(reached) / height - 0.5, 0, last)
    above = y.astype(int)
    below = np.minimum(above + 1, last)
    share = (y - above).astype(np.float32)
    found = np.flatnonzero(reached[above])
    row = found // width
    column = found - row * width
    above, below = (each.take(row) * width + column for each in (above, below))
    share = share.take(row)
    enlarged = []
    for plane in planes:
        values = plane.take(above)
        difference = plane.take(below)
        difference -= values
        difference *= share
        values += difference
        enlarged.append(values)
    *slopes, sharp = enlarged
    colours = image[strip].reshape(-1, 3).take(found, axis=0)
    for channel, slope in enumerate(slopes):
        slope *= colours[:, channel]
        sharp += slope
    alpha[strip].reshape(-1)[found] = np.clip(sharp, 0, 1, out=sharp)
