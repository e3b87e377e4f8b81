"""Puts the windows that Background Matting V2's refiner sees side by side into one map, on CPU.

The exported network convolves thousands of maps of 8x8 pixels and few channels. Here row y and column x of
all windows lie side by side, so that one convolution with a dilation computes them, and the four pixels of
each 2x2 are channels (`four_phases.py`).
"""

from typing import Any

import numpy as np

from src.deployment.mindir import four_phases
from src.deployment.mindir.doubled_windows import DoubledWindows
from src.deployment.mindir.folded_layer import FoldedLayer, layer_before
from src.deployment.mindir.graph import TO_LAST, MindirGraph
from src.deployment.mindir.node_chain import NodeChain
from src.deployment.mindir.refiner_windows import RefinerWindows, find_windows
from src.deployment.mindir.sampled_cells import CELL, SampledCells

_COLOURS = 3
_SIDE = 4  # of a window, in squares of 2x2 pixels; the first begins that much before its cell
_MARGIN = 2


class SideBySide(MindirGraph):
    """Changes a model of MINDIR version 1, in place; one without such windows stays as it is."""

    def run(self) -> None:
        """Replace the layers behind the windows of whole size, and those before if their map was doubled."""
        windows = find_windows(self)
        if windows is None:
            return
        [both] = self.users[windows.whole.output[0]]
        [joined] = self.users[both.output[0]]
        [convolution] = self.users[joined.output[0]]
        third = self._layer(convolution)
        [convolution] = self.users[third.end.output[0]]
        fourth = self._layer(convolution)
        repeated = self.node_of[both.input[0]]
        second = layer_before(self, self.before(self.before(repeated, "Tile"), "Reshape").input[0])
        chain = NodeChain(self, fourth.end)
        cells = SampledCells(chain, windows.chosen, windows.count, self.size(windows.images[0]))
        half = self._half(chain, cells, windows, second)
        refined = self._refined(chain, cells, windows, half, third, fourth)
        self.add_primitive(fourth.end, "Reshape")
        fourth.end.input[:] = [refined, chain.numbers(tuple(self.shape(fourth.end.output[0])))]
        self.insert({fourth.end.output[0]: chain.nodes})

    def _half(
        self, chain: NodeChain, cells: SampledCells, windows: RefinerWindows, second: FoldedLayer
    ) -> str:
        """What the second layer gives, at half size: (16, K, C)."""
        count, channels = cells.count, len(second.weight)
        doubled = DoubledWindows.find(self, windows)
        if doubled is None:
            pixels = chain.transposed(second.end.output[0], (count, channels, _SIDE, _SIDE), TO_LAST)
            order = np.arange(_SIDE**2)[:, np.newaxis] + _SIDE**2 * np.arange(count)
        else:
            pixels = doubled.pixels(chain, cells, layer_before(self, second.source), second)
            row, column, cell = np.ogrid[:_SIDE, :_SIDE, :count]
            square = (row // 2 * 2 + column // 2) * count + cell
            order = (square * 2 + row % 2) * 2 + column % 2
        pixels = chain.reshaped(pixels, (_SIDE**2 * count, channels))
        order = chain.whole(order.reshape(_SIDE**2, count))
        return chain.gathered(pixels, order, (_SIDE**2, count, channels))

    def _refined(
        self,
        chain: NodeChain,
        cells: SampledCells,
        windows: RefinerWindows,
        half: str,
        third: FoldedLayer,
        fourth: FoldedLayer,
    ) -> str:
        """What the fourth layer gives: (K, 4, 2, 2, 2, 2), by channel, row and column."""
        count, channels = cells.count, third.weight.shape[1] - 2 * _COLOURS
        parts = {half: (_SIDE**2, count, channels)} | {
            self._squares(chain, cells, image): (_SIDE**2, count, 4 * _COLOURS) for image in windows.images
        }
        channels = sum(shape[2] for shape in parts.values())
        joined = chain.reshaped(chain.joined(parts, axis=2), (1, _SIDE, _SIDE * count, channels))
        split = np.split(third.weight, [-2 * _COLOURS, -_COLOURS], axis=1)
        weight = np.concatenate(
            (four_phases.of_repeated(split[0]), *(_by_colour(four_phases.valid(each)) for each in split[1:])),
            axis=1,
        )
        x = chain.convolved(
            joined,
            (1, _SIDE, _SIDE * count, channels),
            weight,
            np.tile(third.bias, 4),
            apart=count,
            has_relu=True,
        )
        shape = 1, _SIDE - 1, (_SIDE - 1) * count, len(weight)
        weight = four_phases.valid(fourth.weight)
        x = chain.convolved(x, shape, weight, np.tile(fourth.bias, 4), apart=count)
        x = chain.reshaped(x, (2, 2, count, 2, 2, len(fourth.weight)))
        return chain.transposed(x, (2, 2, count, 2, 2, len(fourth.weight)), (2, 5, 0, 3, 1, 4))

    def _squares(self, chain: NodeChain, cells: SampledCells, image: str) -> str:
        """Windows of a picture, (16, K, 12): by row, colour and column of the squares of 2x2; 0 outside."""
        height, width = self.size(image)
        pairs = chain.reshaped(image, (_COLOURS * height * width // 2, 2))
        square_row, square_column, row, colour = np.ogrid[:_SIDE, :_SIDE, :2, :_COLOURS]
        inside = (
            (colour * height + 2 * square_row + row - _MARGIN) * width // 2 + square_column - _MARGIN // 2
        )
        starts = (CELL * cells.row * width + CELL * cells.column) // 2
        places = cells.places_first(
            chain, starts, inside.reshape(_SIDE**2, -1), _COLOURS * height * width // 2
        )
        taken = chain.gathered(pairs, places, (_SIDE**2, cells.count, 2 * _COLOURS, 2))
        taken = chain.reshaped(taken, (_SIDE**2, cells.count, 4 * _COLOURS))
        shown = chain.reshaped(self._shown(chain, cells), (_SIDE**2, cells.count, 1))
        return chain.products(taken, shown, (_SIDE**2, cells.count, 4 * _COLOURS))

    def _shown(self, chain: NodeChain, cells: SampledCells) -> str:
        """Which squares lie inside of the picture, (16, K), as 0 and 1."""
        rows, columns = cells.row.size, cells.column.size

        def along(place: np.ndarray, length: int) -> np.ndarray:
            seen = 2 * place.reshape(-1, 1) + np.arange(_SIDE) - 1
            return (seen >= 0) & (seen < 2 * length)

        kinds, kind = np.unique(along(cells.row, rows), axis=0, return_inverse=True)
        others, other = np.unique(along(cells.column, columns), axis=0, return_inverse=True)
        table = np.einsum("ai,bj->ijab", kinds, others).reshape(_SIDE**2, -1).astype(float)
        number = cells.numbers(chain, kind.reshape(-1, 1) * len(others) + other.reshape(1, -1))
        return chain.gathered(chain.constant(table), number, (_SIDE**2, cells.count), axis=1)

    def _layer(self, convolution: Any) -> FoldedLayer:
        """The layer that begins with a convolution."""
        node = convolution
        while self.operator(following := self.users[node.output[0]][0]) in (
            "BatchNorm",
            "BiasAdd",
            "TupleGetItem",
            "ReLU",
        ):
            node = following
        return layer_before(self, node.output[0])


def _by_colour(weight: np.ndarray) -> np.ndarray:
    """Input channels by row, colour and column of a square, of those by row, column and colour."""
    outputs, _, kernel, _ = weight.shape
    apart = weight.reshape(outputs, 2, 2, _COLOURS, kernel, kernel)
    return apart.transpose(0, 1, 3, 2, 4, 5).reshape(outputs, -1, kernel, kernel)
