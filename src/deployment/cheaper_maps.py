"""Spares MindSpore Lite on CPU from passes over large maps that others can replace.

Pixels are repeated by nearest-neighbour resizing instead of tiling in six dimensions. Maps are enlarged
bilinearly by an operator that MindSpore itself does not have. Of a map whose channels are first, only what is
gathered from it is brought to channels last.
"""

from typing import Any

from src.deployment.channels_last import lies_last
from src.deployment.mindir_graph import TO_FIRST, TO_LAST, MindirGraph, add_attribute

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
        self._node_of = {node.output[0]: node for node in self.model.graph.node}
        new: dict[str, list[Any]] = {}
        for node in self.model.graph.node:
            operator = self.operator(node)
            if operator == "Reshape":
                self._repeat(node)
            elif operator == "Mul":
                self._enlarge(node)
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

    def _enlarge(self, node: Any) -> None:
        """Replace the bilinear enlarging of `lowering.py`."""
        mean = self._before(node, "Conv2D")
        repeated = mean and self._before(mean, "ResizeNearestNeighbor")
        if repeated is None or not mean.output[0].endswith(":mean"):
            return
        height, width = self._shape(node.output[0])[2:]
        resize = self.add_primitive(node, "Resize")
        for name, value in {"new_height": height, "new_width": width, **_BILINEAR}.items():
            add_attribute(resize, name, value)
        node.input[:] = [repeated.input[0]]

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
        if last is None or (self._order(node), self._order(last)) != (TO_FIRST, TO_LAST):
            return {}
        source = last.input[0]
        n, channels, height, width = self._shape(source)
        if n > 1 or lies_last(self, self._node_of, self._unpadded(source)):
            return {}
        count, _, *window = self._shape(node.output[0])
        new: list[Any] = []
        rows = self.reshaped(node, "rows", source, (channels, height * width), new)
        axis = self.number_before(node, "axis", 1)
        taken = self.node_before(node, "taken", rows, gather.input[1], axis.output[0])
        taken.op_type = gather.op_type
        taken.attribute[0].tensors[0].dims[:] = [channels, count * window[0] * window[1]]
        new += [axis, taken]
        apart = self.reshaped(node, "apart", taken.output[0], (channels, count, *window), new)
        order = self.numbers(node, "order", (1, 0, 2, 3), new)
        node.input[:] = [apart, order]
        return {node.output[0]: new}

    def _order(self, transpose: Any) -> tuple[int, ...]:
        return tuple(value.ints[0] for value in self.constants[transpose.input[1]].values)

    def _unpadded(self, name: str) -> str:
        pad = self._node_of.get(name)
        return pad.input[0] if pad is not None and self.operator(pad) == "Pad" else name
