"""Spares MindSpore Lite on CPU from passes over large maps that others can replace.

Pixels are repeated by nearest-neighbour resizing instead of tiling in six dimensions. Maps are enlarged
bilinearly by an operator that MindSpore itself does not have. A map whose channels are first is shrunk by
sums of its pixels, for which they need not be brought last.
"""

import math
from typing import Any

import numpy as np

from src.deployment.mindir.channels_last import lies_last
from src.deployment.mindir.graph import MindirGraph, add_attribute
from src.deployment.mindir.node_chain import NodeChain

_TOGETHER = 8  # pixels that one row of a matrix product computes
# Of the runtime's own operator, with pixel centres at half-integers.
_BILINEAR = {
    "format": 1,
    "method": 0,
    "preserve_aspect_ratio": False,
    "coordinate_transform_mode": 2,
    "cubic_coeff": -0.75,
    "exclude_outside": 0,
    "extrapolation_value": 0.0,
    "nearest_mode": 0,
}


class CheaperMaps(MindirGraph):
    """Changes a model of MINDIR version 1, in place; one without such passes stays as it is."""

    def run(self) -> None:
        """Replace what can be replaced."""
        new: dict[str, list[Any]] = {}
        for node in self.model.graph.node:
            operator = self.operator(node)
            if operator == "Reshape":
                self._repeat(node)
            elif operator == "Mul":
                self._enlarge(node)
            elif operator == "Conv2D":
                new |= self._shrink(node)
        self.insert(new)

    def _repeat(self, node: Any) -> None:
        """Make of (N, C, H, W), reshaped to (N, C, H, 1, W, 1), tiled and reshaped, one resizing."""
        apart = self.before(self.before(node, "Tile"), "Reshape")
        if apart is None or not self._is_map(apart.input[0]) or not self._is_map(node.output[0]):
            return
        n, c, height, width = self.shape(apart.input[0])
        if self.shape(apart.output[0]) != [n, c, height, 1, width, 1]:
            return
        nearest = self.add_primitive(node, "ResizeNearestNeighbor")
        add_attribute(nearest, "size", tuple(self.shape(node.output[0])[2:]))
        add_attribute(nearest, "align_corners", False)
        add_attribute(nearest, "half_pixel_centers", False)
        node.input[:] = [apart.input[0]]

    def _enlarge(self, node: Any) -> None:
        """Replace the bilinear enlarging of `lowering.py`."""
        mean = self.before(node, "Conv2D")
        repeated = self.before(mean, "ResizeNearestNeighbor")
        if repeated is None or not mean.output[0].endswith(":mean"):
            return
        height, width = self.shape(node.output[0])[2:]
        resize = self.add_primitive(node, "Resize")
        for name, value in {"new_height": height, "new_width": width, **_BILINEAR}.items():
            add_attribute(resize, name, value)
        node.input[:] = [repeated.input[0]]

    def _shrink(self, node: Any) -> dict[str, list[Any]]:
        """Replace the bilinear shrinking of `lowering.py`: the mean of the middle two rows and columns."""
        if node.input[1] != f"{node.output[0]}:weight" or lies_last(self, node.input[0]):
            return {}
        n, channels, height, width = self.shape(node.output[0])
        tall, wide = self.size(node.input[0])
        factor = tall // height
        count, middle = n * channels * height, factor // 2 - 1
        chain = NodeChain(self, node)
        rows = chain.reshaped(node.input[0], (n * channels * tall, wide))
        pairs = np.arange(count) * factor + middle + np.arange(2)[:, np.newaxis]
        taken = chain.gathered(rows, chain.whole(pairs), (2, count, wide))
        side = math.gcd(width, _TOGETHER)
        sums = chain.reshaped(chain.total(taken, (count, wide), 0), (count * width // side, side * factor))
        weight = np.zeros((side, factor, side))
        weight[:, middle : middle + 2] = np.eye(side)[:, np.newaxis] / 4
        shape = count * width // side, side
        means = chain.product(sums, chain.constant(weight.reshape(-1, side)), shape)
        self.add_primitive(node, "Reshape")
        node.input[:] = [means, chain.numbers((n, channels, height, width))]
        return {node.output[0]: chain.nodes}

    def _is_map(self, name: str) -> bool:
        return name in self.node_of and len(self.shape(name)) == 4
