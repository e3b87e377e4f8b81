"""Computes the windows that Background Matting V2's refiner sees without maps of half size, on CPU.

The exported network enlarges the coarse output and shrinks photo and plate to half size, everywhere, and
copies windows of 8x8 pixels around the chosen cells. Here the pixels on which such a window depends are
copied first, and it is computed of these.
"""

from typing import Any

import numpy as np

from src.deployment.bilinear import window_weights
from src.deployment.mindir_graph import TO_LAST, MindirGraph
from src.deployment.node_chain import NodeChain
from src.deployment.sampled_cells import CELL, SampledCells

_WINDOW, _HALF_MARGIN = 8, 3
_WIDE, _MARGIN = 2 * _WINDOW, 2 * _HALF_MARGIN  # the same in whole pixels
_GROUP = 4  # pixels side by side that are copied together; all windows begin with a group
_COLOURS = 3  # of photo and of plate


class SampledWindows(MindirGraph):
    """Changes a model of MINDIR version 1, in place; one without such windows stays as it is."""

    def run(self) -> None:
        """Replace the windows of half size and of whole size, whose maps are joined of two each."""
        nodes = self.model.graph.node
        chosen = [node for node in nodes if self._is_chosen(node)]
        windows = [(node, parts) for node in nodes if (parts := self._padded_parts(node))]
        if len(chosen) != 1 or len(windows) != 2:
            return
        (half, (enlarged, _)), (whole, images) = windows
        first, second = NodeChain(self, half), NodeChain(self, whole)
        count, channels, *_ = self.shape(half.output[0])
        cells = SampledCells(first, chosen[0].output[0], count, self.size(images[0]))
        groups = _Groups(first, cells, images, self.size(images[0]))
        parts = {
            self._coarse(first, cells, enlarged): (count, _WINDOW**2, channels - 2 * _COLOURS),
            _shrunk(first, groups.windows(first, 0, _WIDE), count): (count, _WINDOW**2, 2 * _COLOURS),
        }
        half.input[0] = first.reshaped(first.joined(parts, axis=2), (count, _WINDOW, _WINDOW, channels))
        copied = groups.windows(second, CELL, _WINDOW)
        self.add_primitive(whole, "Reshape")
        whole.input[:] = [copied, second.numbers((count, 2 * _COLOURS, _WINDOW, _WINDOW))]
        self.insert({half.output[0]: first.nodes, whole.output[0]: second.nodes})

    def _is_chosen(self, node: Any) -> bool:
        """Whether the node's output is the numbers of the chosen cells."""
        return self.before(node, "TopK") is not None and self.constants[node.input[1]].i == 1

    def _padded_parts(self, node: Any) -> list[str] | None:
        """If a node's output is windows of a padded map that was joined of two, these."""
        if self.operator(node) != "Transpose":
            return None
        for operator in ("Reshape", "Gather", "Reshape", "Transpose", "Pad", "Concat", "MakeTuple"):
            node = self.before(node, operator)
        return None if node is None or len(node.input) != 2 else list(node.input)

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


class _Groups:
    """Photo and plate (1, 3, H, W) as rows of four pixels, with a margin of zeros."""

    def __init__(self, chain: NodeChain, cells: SampledCells, images: list[str], size: list[int]):
        height, width = (length + 2 * _MARGIN for length in size)
        self._cells, self._rows, self._columns = cells, height, width // _GROUP
        self._sources = [
            chain.reshaped(
                chain.padded(image, (1, _COLOURS, height, width), _MARGIN),
                (_COLOURS * height * self._columns, _GROUP),
            )
            for image in images
        ]

    def windows(self, chain: NodeChain, margin: int, side: int) -> str:
        """Windows (K, 6 * side * side / 4, 4) of both, so far inside of those of 16x16 around the cells."""
        columns = slice(margin // _GROUP, (margin + side) // _GROUP)
        colour, row, column = np.ogrid[:_COLOURS, margin : margin + side, columns]
        inside = (colour * self._rows + row) * self._columns + column
        starts = CELL * self._cells.row * self._columns + self._cells.column
        places = self._cells.places(chain, starts, inside)
        shape = self._cells.count, inside.size, _GROUP
        taken = [chain.gathered(source, places, shape) for source in self._sources]
        return chain.joined(dict.fromkeys(taken, shape), axis=1)


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
