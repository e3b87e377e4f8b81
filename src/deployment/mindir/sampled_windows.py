"""Computes the windows that Background Matting V2's refiner sees without maps of half size, on CPU.

The exported network enlarges the coarse output and shrinks photo and plate to half size, everywhere, and
copies windows of 8x8 pixels around the chosen cells. Here the pixels on which such a window depends are
copied first, and it is computed of these.
"""

import numpy as np

from src.deployment.mindir.bilinear import window_weights
from src.deployment.mindir.doubled_windows import DoubledWindows
from src.deployment.mindir.graph import TO_LAST, MindirGraph
from src.deployment.mindir.node_chain import NodeChain
from src.deployment.mindir.refiner_windows import find_windows
from src.deployment.mindir.sampled_cells import CELL, SampledCells

_WINDOW, _HALF_MARGIN = 8, 3
_WIDE, _MARGIN = 2 * _WINDOW, 2 * _HALF_MARGIN  # the same in whole pixels
_GROUP = 4  # pixels side by side that are copied together; all windows begin with a group
_COLOURS = 3  # of photo and of plate


class SampledWindows(MindirGraph):
    """Changes a model of MINDIR version 1, in place; one without such windows stays as it is."""

    def run(self) -> None:
        """Replace the windows of half size, whose map is joined of two."""
        windows = find_windows(self)
        if windows is None or windows.half is None or DoubledWindows.find(self, windows):
            return
        half, images, count = windows.half, windows.images, windows.count
        channels = self.shape(half.output[0])[1]
        chain = NodeChain(self, half)
        cells = SampledCells(chain, windows.chosen, count, self.size(images[0]))
        wide = _wide(chain, cells, images, self.size(images[0]))
        parts = {
            self._coarse(chain, cells, windows.enlarged): (count, _WINDOW**2, channels - 2 * _COLOURS),
            _shrunk(chain, wide, count): (count, _WINDOW**2, 2 * _COLOURS),
        }
        half.input[0] = chain.reshaped(chain.joined(parts, axis=2), (count, _WINDOW, _WINDOW, channels))
        self.insert({half.output[0]: chain.nodes})

    def _coarse(self, chain: NodeChain, cells: SampledCells, half: str) -> str:
        """Windows (K, 64, C) of the coarse output at half size, to which it may have been enlarged."""
        repeated = self.before(self.before(self.node_of[half], "Conv2D"), "ResizeNearestNeighbor")
        if repeated is None:
            _, channels, *size = self.shape(half)
            shape = (1, channels, *(length + 2 * _HALF_MARGIN for length in size))
            starts = 2 * (cells.row * shape[3] + cells.column)
            return _squares(chain, cells, chain.padded(half, shape, _HALF_MARGIN), shape, starts, _WINDOW)
        shape = tuple(self.shape(repeated.input[0]))
        _, channels, height, width = shape
        factor = self.shape(half)[2] // height
        (top, rows), (left, columns) = (
            window_weights(2 * place.reshape(-1) - _HALF_MARGIN, _WINDOW, small, factor)
            for place, small in ((cells.row, height), (cells.column, width))
        )
        (rows, row_kind), (columns, column_kind) = (
            np.unique(np.round(weights, 7), axis=0, return_inverse=True) for weights in (rows, columns)
        )
        reach = rows.shape[2]
        weights = np.einsum("aim,bjn->abijmn", rows, columns).reshape(-1, _WINDOW**2, reach**2)
        kind = cells.numbers(chain, row_kind[:, np.newaxis] * len(columns) + column_kind)
        own = chain.gathered(chain.constant(weights), kind, (cells.count, *weights.shape[1:]))
        starts = top[:, np.newaxis] * width + left
        taken = _squares(chain, cells, repeated.input[0], shape, starts, reach)
        return chain.product(own, taken, (cells.count, _WINDOW**2, channels))


def _wide(chain: NodeChain, cells: SampledCells, images: list[str], size: list[int]) -> str:
    """Windows (K, 6 * 16 * 16 / 4, 4) of photo and plate (1, 3, H, W), which are padded with zeros."""
    height, width = (length + 2 * _MARGIN for length in size)
    columns = width // _GROUP
    colour, row, column = np.ogrid[:_COLOURS, :_WIDE, : _WIDE // _GROUP]
    inside = (colour * height + row) * columns + column
    places = cells.places(chain, CELL * cells.row * columns + cells.column, inside)
    shape = cells.count, inside.size, _GROUP
    padded = [chain.padded(image, (1, _COLOURS, height, width), _MARGIN) for image in images]
    rows = [chain.reshaped(each, (_COLOURS * height * columns, _GROUP)) for each in padded]
    return chain.joined({chain.gathered(each, places, shape): shape for each in rows}, axis=1)


def _shrunk(chain: NodeChain, wide: str, count: int) -> str:
    """Windows (K, 64, 6) of half size from those of 16x16 pixels."""
    rows = count * 2 * _COLOURS * _WINDOW
    sums = chain.total(chain.reshaped(wide, (rows, 2, _WIDE)), (rows, _WIDE), 1)
    halves = np.repeat(np.eye(_WINDOW), 2, axis=0) / 4
    means = chain.product(sums, chain.constant(halves), (rows, _WINDOW))
    colours = chain.reshaped(means, (count, 2 * _COLOURS, _WINDOW**2))
    return chain.transposed(colours, (count, 2 * _COLOURS, _WINDOW**2), (0, 2, 1))


def _squares(
    chain: NodeChain, cells: SampledCells, source: str, shape: tuple[int, ...], starts: np.ndarray, side: int
) -> str:
    """Copies (K, side * side, C) of squares of a map (1, C, h, w), the shape."""
    _, channels, height, width = shape
    pixels = chain.reshaped(chain.transposed(source, shape, TO_LAST), (height * width, channels))
    row, column = np.ogrid[:side, :side]
    places = cells.places(chain, starts, row * width + column)
    return chain.gathered(pixels, places, (cells.count, side**2, channels))
