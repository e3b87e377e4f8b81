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
_STRIP_PIXELS = 1 << 15  # enlarged at a time, so that the caches hold them


def guided_filter(image: np.ndarray, pred_alpha: np.ndarray) -> np.ndarray:
    """Enlarge alpha along the edges of a photo.

    Within every window, alpha is modelled as a linear function of colour, so an edge in the photo, such as a
    strand of hair, becomes an edge in alpha.

    Args:
        image: the photo, BGR (H, W, 3) uint8.
        pred_alpha: (h, w) float32 in [0, 1] for the whole photo, smaller than it.

    Returns:
        (H, W) float32 in [0, 1].
    """
    height, width = image.shape[:2]
    size = pred_alpha.shape[::-1]
    guide = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    slope, offset = _linear_coefficients(guide, pred_alpha)
    planes = [each / np.float32(255) for each in cv2.split(slope)] + [offset]
    wide = [
        cv2.resize(each, (width, size[1]), interpolation=cv2.INTER_LINEAR).reshape(size[1], width)
        for each in planes
    ]
    alpha = np.empty((height, width), np.float32)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = slice(top, min(top + rows, height))
        alpha[strip] = _apply(image[strip], _enlarged_rows(wide, strip, height))
    return alpha


def _linear_coefficients(guide: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope (h, w, 3) and offset (h, w) of alpha over colour, averaged over all windows around a pixel."""
    # One plane after another: NumPy and OpenCV are slower on channels that lie side by side.
    channels, mean_alpha = cv2.split(guide), _mean(alpha)
    means = [_mean(each) for each in channels]
    covariances = [
        _mean(channel * alpha) - mean * mean_alpha for channel, mean in zip(channels, means, strict=True)
    ]
    variances = []
    for i, j in _PAIRS:
        variance = _mean(channels[i] * channels[j])
        variance += (_EPSILON if i == j else 0) - means[i] * means[j]
        variances.append(variance)
    # Alpha that is the same in a whole window has no slope: so it is in all but a few windows.
    window = np.ones((2 * _RADIUS + 1,) * 2, np.uint8)
    varies = np.nonzero(cv2.dilate(alpha, window) > cv2.erode(alpha, window))
    slopes = [np.zeros_like(alpha) for _ in channels]
    solved = _solve([each[varies] for each in variances], [each[varies] for each in covariances])
    for slope, values in zip(slopes, solved, strict=True):
        slope[varies] = values
    parts = [slope * mean for slope, mean in zip(slopes, means, strict=True)]
    offset = mean_alpha - (parts[0] + parts[1] + parts[2])
    return _mean(cv2.merge(slopes)), _mean(offset)


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


def _enlarged_rows(planes: Sequence[np.ndarray], strip: slice, height: int) -> list[np.ndarray]:
    """A strip of rows of planes (h, W) that are enlarged bilinearly to (height, W)."""
    last = len(planes[0]) - 1
    y = (np.arange(strip.start, strip.stop) + 0.5) * len(planes[0]) / height - 0.5
    y = np.clip(y, 0, last)
    above = y.astype(int)
    below = np.minimum(above + 1, last)
    share = (y - above).astype(np.float32)[:, np.newaxis]
    strips = [plane[above] for plane in planes]
    for plane, enlarged in zip(planes, strips, strict=True):
        enlarged += share * (plane[below] - enlarged)
    return strips


def _apply(image: np.ndarray, coefficients: Sequence[np.ndarray]) -> np.ndarray:
    """Alpha of a strip, BGR (h, W, 3) uint8, from three slopes and the offset of each pixel, (h, W)."""
    *slopes, alpha = coefficients
    for slope, channel in zip(slopes, cv2.split(image), strict=True):
        slope *= channel
        alpha += slope
    return np.clip(alpha, 0, 1, out=alpha)
