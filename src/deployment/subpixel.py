"""Doubling transposed convolutions as ordinary ones, which runtimes compute twice as fast.

An ordinary convolution computes, for each pixel, the four pixels that come of it. Their channels are
(row, column, channel), as DepthToSpace takes them apart.
"""

from typing import Any

import numpy as np

from src.deployment.mindir.graph import settings_of

_KERNEL, _STRIDE, _PADDING = (5, 5), 2, (2, 1, 2, 1)  # of the transposed convolutions that this is about

# Output row 2p + parity is a sum over the input's rows p - 1, p and p + 1, each with a row of the kernel.
_KERNEL_ROWS = ((4, 2, 0), (None, 3, 1))  # for both parities; none reaches from p - 1 to 2p + 1


def subpixel_weight(weight: np.ndarray) -> np.ndarray:
    """The weight of a 3x3 convolution that computes the same as a transposed convolution.

    Args:
        weight: (in, out, 5, 5) of a transposed convolution with stride 2 and padding 2, 1, 2, 1.

    Returns:
        (4 * out, in, 3, 3) of a convolution with padding 1.
    """
    inputs, outputs = weight.shape[:2]
    result = np.zeros((2, 2, outputs, inputs, 3, 3), weight.dtype)
    for row, column in np.ndindex(2, 2):
        for y, kernel_y in enumerate(_KERNEL_ROWS[row]):
            for x, kernel_x in enumerate(_KERNEL_ROWS[column]):
                if kernel_y is not None and kernel_x is not None:
                    result[row, column, :, :, y, x] = weight[:, :, kernel_y, kernel_x].T
    return result.reshape(4 * outputs, inputs, 3, 3)


def half_size_weight(weight: np.ndarray) -> np.ndarray:
    """The weight of a convolution that computes the same before the pixels are taken apart as one after that.

    Args:
        weight: (out, in, 5, 5) of a convolution with padding 2.

    Returns:
        (4 * out, 4 * in, 3, 3) of a convolution with padding 1.
    """
    outputs, inputs, *kernel = weight.shape
    result = np.zeros((2, 2, outputs, 2, 2, inputs, 3, 3), weight.dtype)
    for row, column, y, x in np.ndindex(2, 2, *kernel):
        # The pixel at y, x of the kernel, counted from the first row and column of the 3x3 pixels' quarters.
        (place_y, seen_row), (place_x, seen_column) = divmod(row + y, 2), divmod(column + x, 2)
        result[row, column, :, seen_row, seen_column, :, place_y, place_x] = weight[:, :, y, x]
    return result.reshape(4 * outputs, 4 * inputs, 3, 3)


def is_doubling(primitive: Any) -> bool:
    """Whether a transposed convolution of a MINDIR file is one that `subpixel_weight` is for."""
    settings = settings_of(primitive)
    wanted = {"kernel_size": _KERNEL, "pad_list": _PADDING, "stride": (1, 1, _STRIDE, _STRIDE), "group": 1}
    return all(settings.get(name) == value for name, value in wanted.items())
