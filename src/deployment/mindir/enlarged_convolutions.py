"""Convolutions of maps that were just enlarged, computed for the most part at the small size.

For each place of the kernel, a 1x1 convolution is computed at the small size. What these give is enlarged,
shifted by the place in the kernel, and added up, all by one matrix product along the height and one along the
width. The 1x1 convolutions take a quarter of the multiplications where a map was doubled.
"""

from typing import Any

import numpy as np

from src.deployment.mindir.bilinear import enlarging_matrix
from src.deployment.mindir.graph import REFERENCE, TO_FIRST, TO_LAST, MindirGraph, settings_of
from src.deployment.mindir.node_chain import NodeChain

_LEAST_REDUCTION = 8  # of channels: with less, the products would cost more than they spare


class EnlargedConvolutions(MindirGraph):
    """Changes a model of MINDIR version 1 that went through `CheaperMaps`, in place."""

    def run(self) -> None:
        """Replace the convolutions that give far fewer channels than they get."""
        new: dict[str, list[Any]] = {}
        for node in self.model.graph.node:
            if self.operator(node) == "Conv2D" and node.input[0] in self.node_of:
                enlarging = self.node_of[node.input[0]]
                if self.operator(enlarging) == "Resize" and self._pays(node):
                    new[node.output[0]] = self._replace(node, enlarging.input[0])
        self.insert(new)

    def _pays(self, node: Any) -> bool:
        outputs, inputs, height, width = self.weight(node).shape
        keeps_size = self.size(node.output[0]) == self.size(node.input[0])
        primitive = self.primitives[node.op_type.removeprefix(REFERENCE)]
        is_plain = settings_of(primitive).get("pad_list") == (height // 2,) * 4  # also without dilation
        return inputs >= _LEAST_REDUCTION * outputs and height == width and keeps_size and is_plain

    def _replace(self, node: Any, small: str) -> list[Any]:
        """Make a convolution a transposition of what the returned nodes compute from the small map."""
        weight = self.weight(node)
        outputs, inputs, kernel, _ = weight.shape
        channels, row = kernel**2 * outputs, kernel * outputs  # of the whole kernel, and of its rows
        (height, width), (large_height, large_width) = self.size(small), self.size(node.output[0])
        self.set_weight(node, weight.transpose(2, 3, 0, 1).reshape(channels, inputs, 1, 1))
        places = self.node_before(node, "places", small, node.input[1])
        places.attribute[0].tensors[0].dims[:] = (1, channels, height, width)
        self.add_convolution(places, channels, groups=1, kernel=1, margin=0)
        chain = NodeChain(self, node)
        chain.nodes.append(places)
        last = chain.transposed(places.output[0], (1, channels, height, width), TO_LAST)
        rows = chain.reshaped(last, (height, width, kernel, row))
        rows_first = chain.transposed(rows, (height, width, kernel, row), (0, 2, 1, 3))
        lines = chain.reshaped(rows_first, (1, height * kernel, width * row))
        down = chain.constant(enlarging_matrix(height, large_height // height, kernel)[np.newaxis])
        lines = chain.product(down, lines, (1, large_height, width * row))
        columns = chain.reshaped(lines, (large_height, width * kernel, outputs))
        across = chain.constant(enlarging_matrix(width, large_width // width, kernel)[np.newaxis])
        shape = (large_height, large_width, outputs)
        large = chain.reshaped(chain.product(across, columns, shape), (1, *shape))
        node.input[:] = [large, chain.numbers(TO_FIRST)]
        self.add_primitive(node, "Transpose")
        return chain.nodes
