"""Pooling a map to few cells, and bringing cells back to the map's size.

Both are linear, so each is one multiplication with a matrix that depends on the sizes alone. MindSpore's own
operators for them export neither to ONNX nor to version 1 of MINDIR.
"""

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops


def pooling_matrix(cells: int, length: int) -> np.ndarray:
    """(cells, length): the mean of each cell of one side, as adaptive average pooling cuts it.

    Cell i covers floor(i length / cells) to ceil((i + 1) length / cells): cells overlap where their number
    does not divide the length.
    """
    matrix = np.zeros((cells, length))
    for cell in range(cells):
        first, end = cell * length // cells, -(-(cell + 1) * length // cells)
        matrix[cell, first:end] = 1 / (end - first)
    return matrix


def resizing_matrix(length: int, cells: int) -> np.ndarray:
    """(length, cells): bilinear interpolation of one side, pixel centres at half-integers."""
    source = np.maximum(0, (np.arange(length) + 0.5) * cells / length - 0.5)
    before = source.astype(int)
    share = source - before
    matrix = np.zeros((length, cells))
    matrix[np.arange(length), before] = 1 - share
    matrix[np.arange(length), np.minimum(before + 1, cells - 1)] += share
    return matrix


@ops.constexpr
def _pooling(side: int, height: int, width: int) -> Tensor:
    """(height * width, side * side), for flattened maps."""
    matrix = np.kron(pooling_matrix(side, height), pooling_matrix(side, width))
    return Tensor(matrix.T, ms.float32)


@ops.constexpr
def _resizing(side: int, height: int, width: int) -> Tensor:
    """(side * side, height * width), for flattened cells."""
    matrix = np.kron(resizing_matrix(height, side), resizing_matrix(width, side))
    return Tensor(matrix.T, ms.float32)


class Pool(nn.Cell):
    """Adaptive average pooling of (N, C, H, W) to (N, C, side, side)."""

    def __init__(self, side: int):
        super().__init__()
        self._side = side
        self._multiply = ops.MatMul()

    def construct(self, x: Tensor) -> Tensor:
        n, c, height, width = x.shape
        matrix = ops.cast(_pooling(self._side, height, width), x.dtype)
        cells = self._multiply(x.reshape(n * c, height * width), matrix)
        return cells.reshape(n, c, self._side, self._side)


class Resize(nn.Cell):
    """Bilinear interpolation of square cells (N, C, side, side) to (N, C, H, W)."""

    def __init__(self):
        super().__init__()
        self._multiply = ops.MatMul()

    def construct(self, cells: Tensor, height: int, width: int) -> Tensor:
        n, c, side, _ = cells.shape
        matrix = ops.cast(_resizing(side, height, width), cells.dtype)
        return self._multiply(cells.reshape(n * c, side * side), matrix).reshape(n, c, height, width)
