"""Computes what Background Matting V2's refiner sees at half size without a map of half size, on CPU.

Where the coarse output has a pixel for each cell, half size is twice that: a convolution of the doubled map
is one of the coarse map with four times the channels (`four_phases.py`), and the four pixels of photo and
plate are channels of a cell as well. Only at the border of the picture, where the doubled map is padded with
zeros, it is computed, around all cells there.
"""

from dataclasses import dataclass

import numpy as np

from src.deployment.mindir import four_phases
from src.deployment.mindir.folded_layer import FoldedLayer
from src.deployment.mindir.graph import TO_LAST, MindirGraph
from src.deployment.mindir.node_chain import NodeChain
from src.deployment.mindir.refiner_windows import RefinerWindows
from src.deployment.mindir.sampled_cells import CELL, SampledCells

_COLOURS = 3
_SEEN = 5  # cells on which a window depends along a side
_GIVEN = 3  # of them, along a side, for which the first layer gives something


@dataclass(frozen=True)
class DoubledWindows:
    """The windows whose map was doubled.

    Attributes:
        graph: the model.
        coarse: output with the coarse pha, residual and hid, (1, C, H / 4, W / 4).
        images: names of photo and plate, (1, 3, H, W).
    """

    graph: MindirGraph
    coarse: str
    images: list[str]

    @classmethod
    def find(cls, graph: MindirGraph, windows: RefinerWindows) -> "DoubledWindows | None":
        """Those of a model, if it has any."""
        if windows.half is None:
            return None
        repeated = graph.before(
            graph.before(graph.node_of[windows.enlarged], "Conv2D"), "ResizeNearestNeighbor"
        )
        small = graph.size(repeated.input[0]) if repeated is not None else []
        if [CELL * length for length in small] != graph.size(windows.images[0]):
            return None
        return cls(graph, repeated.input[0], windows.images)

    def pixels(self, chain: NodeChain, cells: SampledCells, first: FoldedLayer, second: FoldedLayer) -> str:
        """What the second layer gives: (1, 2, 2 * K, 4 * C), by row and column of squares of 2x2."""
        count, (height, width) = cells.count, (cells.row.size, cells.column.size)
        channels = first.weight.shape[1] - 2 * _COLOURS
        coarse = chain.transposed(self.coarse, (1, channels, height, width), TO_LAST)
        coarse = chain.reshaped(coarse, (height * width, channels))
        quarters = [self._quarters(chain, image, height, width) for image in self.images]
        parts = {coarse: channels} | dict.fromkeys(quarters, 4 * _COLOURS)
        every = chain.joined({name: (height * width, size) for name, size in parts.items()}, axis=1)
        row, column = np.ogrid[:_SEEN, :_SEEN]
        starts = (cells.row - _SEEN // 2) * width + cells.column - _SEEN // 2
        places = cells.places_first(chain, starts, (row * width + column).reshape(-1), height * width)
        seen = sum(parts.values())
        taken = chain.gathered(every, places, (_SEEN**2, count, seen))
        weights = np.split(first.weight, [-2 * _COLOURS, -_COLOURS], axis=1)
        weights = four_phases.of_enlarged(weights[0]), *(four_phases.same(each) for each in weights[1:])
        shape = 1, _SEEN, _SEEN * count, seen
        x = chain.convolved(
            chain.reshaped(taken, shape),
            shape,
            np.concatenate(weights, axis=1),
            np.tile(first.bias, 4),
            apart=count,
            has_relu=True,
        )
        given = 4 * len(first.weight)
        x = chain.reshaped(x, (_GIVEN**2 * count, given))
        x = self._with_border(chain, cells, x, coarse, quarters, first)
        shape = 1, _GIVEN, _GIVEN * count, given
        weight = four_phases.valid(second.weight)
        x = chain.reshaped(x, shape)
        return chain.convolved(x, shape, weight, np.tile(second.bias, 4), apart=count, has_relu=True)

    def _quarters(self, chain: NodeChain, image: str, height: int, width: int) -> str:
        """A picture at half size, (H / 4 * W / 4, 12): the means of the squares of each cell."""
        rows = _COLOURS * 2 * height
        sums = chain.reshaped(image, (rows, 2, CELL * width))
        sums = chain.reshaped(chain.total(sums, (rows, CELL * width), 1), (rows * width, CELL))
        colour, row = np.ogrid[:_COLOURS, :2]
        cell = np.arange(height)[:, np.newaxis] * 2 * width + np.arange(width)
        places = cell.reshape(-1, 1) + ((colour * height * 2 + row) * width).reshape(1, -1)
        taken = chain.gathered(sums, chain.whole(places), (*places.shape, CELL))
        mean = (np.arange(CELL) // 2 == np.arange(2)[:, np.newaxis]) / 4  # sums of two rows come in
        weight = np.einsum("cd,ae,bx->cexabd", np.eye(_COLOURS), np.eye(2), mean).reshape(-1, 4 * _COLOURS)
        pixels = chain.reshaped(taken, (height * width, len(weight)))
        return chain.product(pixels, chain.constant(weight), (height * width, 4 * _COLOURS))

    def _with_border(
        self,
        chain: NodeChain,
        cells: SampledCells,
        given: str,
        coarse: str,
        quarters: list[str],
        first: FoldedLayer,
    ) -> str:
        """What the first layer gives (9 * K, C), replaced at and beyond the border, where zeros count."""
        height, width, channels = cells.row.size, cells.column.size, 4 * len(first.weight)
        is_near = [
            np.isin(np.arange(-1, length + 1), (-1, 0, length - 1, length)) for length in (height, width)
        ]
        is_border = is_near[0][:, np.newaxis] | is_near[1]
        row, column = np.nonzero(is_border) - np.array(1)
        border = self._border(chain, row, column, (height, width), coarse, quarters, first)
        table = np.zeros(is_border.shape)
        table[is_border] = _GIVEN**2 * cells.count + np.arange(len(row))
        down, across = np.ogrid[:_GIVEN, :_GIVEN]
        around = (down * (width + 2) + across).reshape(-1)
        places = cells.places_first(chain, cells.row * (width + 2) + cells.column, around, table.size)
        shape = _GIVEN**2, cells.count
        replaced = chain.gathered(chain.whole(table.reshape(-1)), places, shape, whole=True)
        own = chain.whole(np.arange(_GIVEN**2 * cells.count).reshape(shape))
        both = chain.joined(
            {given: (_GIVEN**2 * cells.count, channels), border: (len(row), channels)}, axis=0
        )
        return chain.gathered(both, chain.most(replaced, own, shape), (*shape, channels))

    def _border(
        self,
        chain: NodeChain,
        row: np.ndarray,
        column: np.ndarray,
        size: tuple[int, int],
        coarse: str,
        quarters: list[str],
        first: FoldedLayer,
    ) -> str:
        """What the first layer gives at these cells, (B, C), from the 4x4 pixels of half size it sees."""
        (height, width), count = size, len(row)
        channels = first.weight.shape[1] - 2 * _COLOURS
        down, across = (each.reshape(-1, 1) for each in np.mgrid[-1:2, -1:2])
        near = (row + down).clip(0, height - 1) * width + (column + across).clip(0, width - 1)
        taken = chain.gathered(coarse, chain.whole(near), (9, count, channels))
        doubling = chain.constant(np.kron(four_phases.DOUBLED, four_phases.DOUBLED))
        doubled = chain.product(
            doubling, chain.reshaped(taken, (9, count * channels)), (16, count * channels)
        )
        parts = {chain.reshaped(doubled, (16, count, channels)): channels}
        down, across = (each.reshape(-1, 1) for each in np.mgrid[-1:3, -1:3])
        y, x = 2 * row + down, 2 * column + across
        is_inside = (y >= 0) & (y < 2 * height) & (x >= 0) & (x < 2 * width)
        y, x = y.clip(0, 2 * height - 1), x.clip(0, 2 * width - 1)
        places = chain.whole(((y // 2 * width + x // 2) * 2 + y % 2) * 2 + x % 2)
        for each in quarters:
            pixels = chain.reshaped(each, (4 * height * width, _COLOURS))
            parts[chain.gathered(pixels, places, (16, count, _COLOURS))] = _COLOURS
        shape = 16, count, first.weight.shape[1]
        seen = chain.joined({name: (16, count, depth) for name, depth in parts.items()}, axis=2)
        seen = chain.products(seen, chain.constant(is_inside[..., np.newaxis]), shape)
        seen = chain.reshaped(chain.transposed(seen, shape, (1, 0, 2)), (count, 16 * shape[2]))
        weight = np.zeros((4, 4, shape[2], 2, 2, len(first.weight)))  # of all that is seen, for each of 2x2
        for row_out, column_out, down, across in np.ndindex(2, 2, 3, 3):
            seen_weight = first.weight[:, :, down, across].T
            weight[row_out + down, column_out + across, :, row_out, column_out] = seen_weight
        size = count, 4 * len(first.weight)
        given = chain.product(seen, chain.constant(weight.reshape(16 * shape[2], -1)), size)
        return chain.rectified(
            chain.sums(given, chain.constant(np.tile(first.bias, 4)[np.newaxis]), size), size
        )
