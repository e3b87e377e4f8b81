"""Bilinear resizing by whole, even factors, with pixel centres at half-integers, as convolutions."""

import numpy as np


def enlarging_kernel(factor: int) -> np.ndarray:
    """Weights that turn repeated pixels into interpolated ones.

    Args:
        factor: even; each pixel was repeated so many times along both sides.

    Returns:
        (factor + 1, factor + 1). At the borders, where some pixels are missing, the weighted sum is to be
        multiplied by `border_gain`.
    """
    line = np.full(factor + 1, 1 / factor)
    line[[0, -1]] /= 2
    return np.outer(line, line)


def border_gain(height: int, width: int, factor: int) -> np.ndarray:
    """One over the share of `enlarging_kernel` that lies inside a picture (height, width), at each pixel."""

    def along(length: int) -> np.ndarray:
        line = enlarging_kernel(factor).sum(axis=0)
        return 1 / np.convolve(np.ones(length), line, "same")

    return np.outer(along(height), along(width))


def shrinking_kernel(factor: int) -> np.ndarray:
    """Weights (factor, factor) of a convolution with this even stride: the mean of the middle 2x2."""
    kernel = np.zeros((factor, factor))
    kernel[factor // 2 - 1 : factor // 2 + 1, factor // 2 - 1 : factor // 2 + 1] = 0.25
    return kernel


def enlarging_matrix(length: int, factor: int, kernel: int) -> np.ndarray:
    """What a convolution of an enlarged line sees at each place of its kernel, as weights of the line before.

    Args:
        length: of the line.
        factor: of the enlargement.
        kernel: odd; the convolution sees zeros beyond the ends.

    Returns:
        (factor * length, length * kernel), the second by pixel of the line and place in the kernel.
    """
    places = ((np.arange(factor * length) + 0.5) / factor - 0.5).clip(0, length - 1)
    enlarging = np.maximum(1 - np.abs(places[:, np.newaxis] - np.arange(length)), 0)
    padded = np.pad(enlarging, ((kernel // 2, kernel // 2), (0, 0)))
    seen = [padded[place : place + factor * length] for place in range(kernel)]
    return np.stack(seen, axis=2).reshape(factor * length, -1)


def window_weights(starts: np.ndarray, side: int, small: int, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """What windows of an enlarged line depend on; outside the line is zero.

    Args:
        starts: (K,) the first pixel of each window, below 0 or beyond the end if it reaches over an end.
        side: of a window, in pixels.
        small: pixels of the line before it is enlarged.
        factor: of the enlargement.

    Returns:
        first: (K,) the first of the small line's pixels that a window depends on.
        weights: (K, side, reach) of these and those that follow, for each pixel of the window.
    """
    pixels = starts[:, np.newaxis] + np.arange(side)
    inside = (pixels >= 0) & (pixels < small * factor)
    places = np.clip((pixels + 0.5) / factor - 0.5, 0, small - 1)
    lower = np.floor(places).astype(int)
    reach = int(np.ptp(lower, axis=1).max()) + 2
    first = np.minimum(lower[:, 0], small - reach)
    distance = places[..., np.newaxis] - first[:, np.newaxis, np.newaxis] - np.arange(reach)
    return first, np.maximum(1 - np.abs(distance), 0) * inside[..., np.newaxis]
