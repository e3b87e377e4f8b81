"""Spares MindSpore Lite on CPU from passes over large maps that others can replace.

Pixels are repeated by nearest-neighbour resizing instead of tiling in six dimensions. A few channels are
enlarged bilinearly by one convolution at the small size, which computes all pixels that come of each. Of a
map whose channels are first, only what is gathered from it is brought to channels last.
"""

from typing import Any

from src.deployment.bilinear import subpixel_enlarging_weight
from src.deployment.channels_last import lies_last
from src.deployment.mindir_graph import MindirGraph, add_attribute

_TO_LAST, _TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


class CheaperMaps(MindirGraph):
    """Changes a model of MINDIR version 1, in place; one without such passes stays as it is."""

    def run(self) -> None:
        """Replace what can be replaced."""
        self._node_of = {node.output[0]: node for node in self.model.graph.node}
        new: dict[str, list[Any]] = {}
        for node in self.model.graph.node:
            operator = self.operator(node)
            if operator == "Reshape":
                self._repeat(node)
            elif operator == "Mul":
                new |= self._enlarge(node)
            elif operator == "Transpose":
                new |= self._gather(node)
        self.insert(new)

    def _repeat(self, node: Any) -> None:
        """Make of (N, C, H, W), reshaped to (N, C, H, 1, W, 1), tiled and reshaped, one resizing."""
        tile = self._before(node, "Tile")
        apart = tile and self._before(tile, "Reshape")
        if apart is None or not self._is_map(apart.input[0]) or not self._is_map(node.output[0]):
            return
        n, c, height, width = self._shape(apart.input[0])
        if self._shape(apart.output[0]) != [n, c, height, 1, width, 1]:
            return
        nearest = self.add_primitive(node, "ResizeNearestNeighbor")
        add_attribute(nearest, "size", tuple(self._shape(node.output[0])[2:]))
        add_attribute(nearest, "align_corners", False)
        add_attribute(nearest, "half_pixel_centers", False)
        node.input[:] = [apart.input[0]]

    def _enlarge(self, node: Any) -> dict[str, list[Any]]:
        """Replace the bilinear enlarging of `lowering.py`, where the factor is not below the channels."""
        mean = self._before(node, "Conv2D")
        repeated = mean and self._before(mean, "ResizeNearestNeighbor")
        if repeated is None or not mean.output[0].endswith(":mean"):
            return {}
        _, channels, height, width = self._shape(node.output[0])
        small = self._shape(repeated.input[0])
        factor = height // small[2]
        if channels > factor:
            return {}
        weight = self.parameter(node, "subpixels", subpixel_enlarging_weight(factor, channels))
        parts = self.node_before(node, "parts", repeated.input[0], weight)
        parts.attribute[0].tensors[0].dims[:] = [1, channels * factor**2, *small[2:]]
        self.add_convolution(parts, channels * factor**2, groups=1)
        joined = self.node_before(node, "joined", parts.output[0])
        primitive = self.add_primitive(joined, "DepthToSpace")
        add_attribute(primitive, "block_size", factor)
        add_attribute(primitive, "format", "NCHW")
        node.input[0] = joined.output[0]
        return {node.output[0]: [parts, joined]}

    def _before(self, node: Any, operator: str) -> Any | None:
        """The node of a node's first input, if it is of this operator."""
        before = self._node_of.get(node.input[0])
        return before if before is not None and self.operator(before) == operator else None

    def _shape(self, name: str) -> list[int]:
        return list(self._node_of[name].attribute[0].tensors[0].dims)

    def _is_map(self, name: str) -> bool:
        return name in self._node_of and len(self._shape(name)) == 4

    def _gather(self, node: Any) -> dict[str, list[Any]]:
        """Gather windows (K, C, h, w) before bringing channels last, from a map whose channels are first."""
        windows = self._before(node, "Reshape")
        gather = windows and self._before(windows, "Gather")
        pixels = gather and self._before(gather, "Reshape")
        last = pixels and self._before(pixels, "Transpose")
        if last is None or (self._order(node), self._order(last)) != (_TO_FIRST, _TO_LAST):
            return {}
        source = last.input[0]
        n, channels, height, width = self._shape(source)
        if n > 1 or lies_last(self, self._node_of, self._unpadded(source)):
            return {}
        count, _, *window = self._shape(node.output[0])
        new: list[Any] = []
        rows = self._reshaped(node, "rows", source, (channels, height * width), new)
        axis = self.number_before(node, "axis", 1)
        taken = self.node_before(node, "taken", rows, gather.input[1], axis.output[0])
        taken.op_type = gather.op_type
        taken.attribute[0].tensors[0].dims[:] = [channels, count * window[0] * window[1]]
        new += [axis, taken]
        apart = self._reshaped(node, "apart", taken.output[0], (channels, count, *window), new)
        order = self._numbers(node, "order", (1, 0, 2, 3), new)
        node.input[:] = [apart, order]
        return {node.output[0]: new}

    def _reshaped(self, node: Any, name: str, source: str, shape: tuple[int, ...], new: list[Any]) -> str:
        """Add to `new` what reshapes an output."""
        wanted = self._numbers(node, f"{name}_shape", shape, new)
        reshaped = self.node_before(node, name, source, wanted)
        reshaped.attribute[0].tensors[0].dims[:] = shape
        self.add_primitive(reshaped, "Reshape")
        new.append(reshaped)
        return reshaped.output[0]

    def _numbers(self, node: Any, name: str, values: tuple[int, ...], new: list[Any]) -> str:
        """Add a constant tuple to `new`."""
        constant = self.number_before(node, name, 0)
        del constant.attribute[:]
        add_attribute(constant, "value", values)
        new.append(constant)
        return constant.output[0]

    def _order(self, transpose: Any) -> tuple[int, ...]:
        return tuple(value.ints[0] for value in self.constants[transpose.input[1]].values)

    def _unpadded(self, name: str) -> str:
        pad = self._node_of.get(name)
        return pad.input[0] if pad is not None and self.operator(pad) == "Pad" else name
