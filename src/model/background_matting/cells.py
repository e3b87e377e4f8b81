"""Cells of 4x4 pixels of a picture, and windows around them."""

from mindspore import Tensor, ops

from src.description.plate_form import CELL

_WINDOW = 8


def from_cells(cells: Tensor, shape: tuple[int, int, int, int]) -> Tensor:
    """Put the cells of pictures together, row by row.

    Args:
        cells: (N * H/4 * W/4, C * 16).
        shape: (N, C, H, W).

    Returns:
        The pictures, of that shape.
    """
    n, c, height, width = shape
    x = cells.reshape(n, height // CELL, width // CELL, c, CELL, CELL)
    return ops.transpose(x, (0, 3, 1, 4, 2, 5)).reshape(n, c, height, width)


def windows(x: Tensor, top: Tensor, left: Tensor) -> Tensor:
    """Copy windows of 8x8 pixels, whose upper left corners are (N, K) int32 each: (N * K, C, 8, 8).

    All windows must lie inside the picture.
    """
    n, c, height, width = x.shape
    image = height * width * ops.arange(n, dtype=top.dtype).reshape(n, 1)
    side = ops.arange(_WINDOW, dtype=top.dtype)
    inside = (width * side.reshape(_WINDOW, 1) + side).reshape(1, -1)
    place = (image + width * top + left).reshape(-1, 1) + inside
    pixels = ops.transpose(x, (0, 2, 3, 1)).reshape(n * height * width, c)
    taken = ops.gather(pixels, place.reshape(-1), 0).reshape(-1, _WINDOW, _WINDOW, c)
    return ops.transpose(taken, (0, 3, 1, 2))
