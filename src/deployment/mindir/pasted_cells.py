"""Puts the refined cells of Background Matting V2 into the coarse matte, on CPU.

The exported network puts them into a map of zeros, brings that into the order of pixels, and chooses between
both maps at each pixel. Here what refining changes is added to the coarse matte, in the cells alone.
"""

from typing import Any

import numpy as np

from src.deployment.mindir.graph import MindirGraph
from src.deployment.mindir.node_chain import NodeChain
from src.deployment.mindir.sampled_cells import CELL, SampledCells

_TO_ZEROS = ("Transpose", "Reshape", "StridedSlice", "TensorScatterAdd")


class PastedCells(MindirGraph):
    """Changes a model of MINDIR version 1, in place; one without refined cells stays as it is."""

    def run(self) -> None:
        """Replace the choice between both maps."""
        new: dict[str, list[Any]] = {}
        for node in self.model.graph.node:
            if self.operator(node) == "Select":
                new |= self._paste(node)
        self.insert(new)

    def _paste(self, node: Any) -> dict[str, list[Any]]:
        scatter = self.node_of.get(node.input[1])
        for operator in _TO_ZEROS:
            scatter = self.before(scatter, operator)
        if scatter is None:
            return {}
        _, place, found = scatter.input
        refined, taken = self.before(self.node_of[found], "MakeTuple").input
        n, channels, height, width = self.shape(node.output[0])
        chain = NodeChain(self, node)
        count = self.shape(refined)[0]
        cells = SampledCells(chain, place, count, [height, width])
        colour, row = np.ogrid[:channels, :CELL]
        groups = width // CELL  # of four pixels side by side, which a cell has one of in each row
        starts, inside = CELL * cells.row * groups + cells.column, (colour * height + row) * groups
        rows = chain.reshaped(node.input[2], (n * channels * height * groups, CELL))
        shape = count, inside.size, CELL
        places = cells.places(chain, starts, inside)
        change = chain.differences(chain.reshaped(refined, shape), chain.gathered(rows, places, shape), shape)
        change = chain.products(change, chain.reshaped(taken, (count, 1, 1)), shape)
        places = chain.reshaped(places, (count * inside.size, 1), whole=True)
        change = chain.reshaped(change, (count * inside.size, CELL))
        pasted = chain.changed(rows, places, change, (n * channels * height * groups, CELL))
        self.add_primitive(node, "Reshape")
        node.input[:] = [pasted, chain.numbers((n, channels, height, width))]
        return {node.output[0]: chain.nodes}
