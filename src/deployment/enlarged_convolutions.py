"""Convolutions of maps that were just enlarged, computed for the most part at the small size.

For each place of the kernel, a 1x1 convolution is computed at the small size. What these give is enlarged,
shifted by the place in the kernel, and added up, all by one matrix product along the height and one along the
width. The 1x1 convolutions take a quarter of the multiplications where a map was doubled.
"""

from typing import Any

import numpy as np

from src.deployment.bilinear import enlarging_matrix
from src.deployment.mindir_graph import REFERENCE, TO_FIRST, TO_LAST, MindirGraph, add_attribute, settings_of

_LEAST_REDUCTION = 8  # of channels: with less, the products would cost more than they spare


class EnlargedConvolutions(MindirGraph):
    """Changes a model of MINDIR version 1 that went through `CheaperMaps`, in place."""

    def run(self) -> None:
        """Replace the convolutions that give far fewer channels than they get."""
        node_of = {node.output[0]: node for node in self.model.graph.node}
        new: dict[str, list[Any]] = {}
        for node in self.model.graph.node:
            if self.operator(node) == "Conv2D" and node.input[0] in node_of:
                enlarging = node_of[node.input[0]]
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
        new = [places]

        last = self.numbers(node, "last", TO_LAST, new)
        shape = (1, height, width, channels)
        last = self.added(node, "places_last", "Transpose", (places.output[0], last), shape, new)
        rows = self.reshaped(node, "rows", last, (height, width, kernel, row), new)
        order = self.numbers(node, "order", (0, 2, 1, 3), new)
        rows = self.added(node, "rows_first", "Transpose", (rows, order), (height, kernel, width, row), new)
        lines = self.reshaped(node, "lines", rows, (1, height * kernel, width * row), new)
        matrix = enlarging_matrix(height, large_height // height, kernel)
        lines = self._product(node, "down", matrix, lines, (1, large_height, width * row), new)
        lines = self.reshaped(node, "columns", lines, (large_height, width * kernel, outputs), new)
        matrix = enlarging_matrix(width, large_width // width, kernel)
        shape = (large_height, large_width, outputs)
        large = self._product(node, "across", matrix, lines, shape, new)
        large = self.reshaped(node, "large", large, (1, *shape), new)
        node.input[:] = [large, self.numbers(node, "first", TO_FIRST, new)]
        self.add_primitive(node, "Transpose")
        return new

    def _product(
        self, node: Any, name: str, matrix: np.ndarray, source: str, shape: tuple[int, ...], new: list[Any]
    ) -> str:
        """Add to `new` the product of a matrix with each of a batch; returns its output."""
        weights = self.parameter(node, f"{name}_matrix", matrix[np.newaxis])
        product = self.added(node, name, "BatchMatMul", (weights, source), shape, new)
        for setting in ("transpose_a", "transpose_b"):
            add_attribute(self.primitives[new[-1].op_type.removeprefix(REFERENCE)], setting, False)
        return product
