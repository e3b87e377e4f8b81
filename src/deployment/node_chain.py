"""Nodes that are put before a node of a MINDIR graph."""

from typing import Any

import numpy as np

from src.deployment.mindir_graph import MindirGraph, add_attribute

Shape = tuple[int, ...]


class NodeChain:
    """Makes nodes of version 1; methods return the name of the output, and mostly take its shape.

    Args:
        graph: of the nodes.
        node: the one they precede; `nodes` has them in their order.
    """

    def __init__(self, graph: MindirGraph, node: Any):
        self.nodes: list[Any] = []
        self._graph, self._node = graph, node

    def reshaped(self, source: str, shape: Shape, *, whole: bool = False) -> str:
        """The same in another shape; `whole`: it has whole numbers."""
        return self._add("Reshape", shape, source, self.numbers(shape), whole=whole)

    def transposed(self, source: str, shape: Shape, order: Shape) -> str:
        """What has this shape, with its axes in another order."""
        result = tuple(shape[axis] for axis in order)
        return self._add("Transpose", result, source, self.numbers(order))

    def padded(self, source: str, shape: Shape, margin: int) -> str:
        """A map (N, C, H, W), surrounded by zeros."""
        margins = ((0, 0), (0, 0), (margin, margin), (margin, margin))
        return self._add("Pad", shape, source, paddings=margins)

    def gathered(self, source: str, places: str, shape: Shape, *, whole: bool = False) -> str:
        """What lies at these places of the first axis."""
        return self._add("Gather", shape, source, places, self.numbers(0), whole=whole, batch_dims=0)

    def product(self, left: str, right: str, shape: Shape) -> str:
        """Matrices (K, h, i) by matrices (K, i, w), or by one (i, w)."""
        return self._add("BatchMatMul", shape, left, right, transpose_a=False, transpose_b=False)

    def total(self, source: str, shape: Shape, axis: int) -> str:
        """The sums along an axis, which is left out."""
        return self._add("ReduceSum", shape, source, self.numbers((axis,)), keep_dims=False)

    def sums(self, left: str, right: str, shape: Shape, *, whole: bool = False) -> str:
        """Of the values of both, of which one may be repeated along axes."""
        return self._add("Add", shape, left, right, whole=whole)

    def differences(self, left: str, right: str, shape: Shape) -> str:
        """Likewise."""
        return self._add("Sub", shape, left, right)

    def products(self, left: str, right: str, shape: Shape) -> str:
        """Likewise."""
        return self._add("Mul", shape, left, right)

    def changed(self, source: str, places: str, change: str, shape: Shape) -> str:
        """A list (P, c), with changes (K, c) added at places (K, 1)."""
        return self._add("TensorScatterAdd", shape, source, places, change)

    def joined(self, parts: dict[str, Shape], axis: int) -> str:
        """Several along an axis; `parts` has their shapes."""
        members = []
        for shape in parts.values():
            members.append(self._graph.node_before(self._node, "member"))
            members[-1].attribute[0].tensors[0].dims[:] = shape
        both = self._graph.tuple_before(self._node, self._name("parts"), members, *parts)
        self._graph.add_primitive(both, "MakeTuple")
        self.nodes.append(both)
        shapes = list(parts.values())
        result = [*shapes[0]]
        result[axis] = sum(shape[axis] for shape in shapes)
        return self._add("Concat", tuple(result), both.output[0], axis=axis)

    def constant(self, value: np.ndarray) -> str:
        """An array of float32, kept in the model."""
        return self._graph.parameter(self._node, self._name("constant"), value)

    def whole(self, value: np.ndarray) -> str:
        """An array of int32, kept in the model."""
        return self.constant(value.astype(np.int32))

    def numbers(self, value: int | Shape) -> str:
        """Whole numbers among an operator's settings."""
        constant = self._graph.number_before(self._node, self._name("numbers"), value)
        self.nodes.append(constant)
        return constant.output[0]

    def _add(self, operator: str, shape: Shape, *inputs: str, whole: bool = False, **settings: Any) -> str:
        node = self._graph.node_before(self._node, self._name(operator), *inputs)
        tensor = node.attribute[0].tensors[0]
        tensor.dims[:] = shape
        tensor.data_type = tensor.INT32 if whole else tensor.FLOAT
        primitive = self._graph.add_primitive(node, operator)
        for name, value in settings.items():
            add_attribute(primitive, name, value)
        self.nodes.append(node)
        return node.output[0]

    def _name(self, kind: str) -> str:
        return f"{kind}{len(self.nodes)}"
