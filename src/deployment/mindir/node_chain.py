"""Nodes that are put before a node of a MINDIR graph."""

from typing import Any

import numpy as np

from src.deployment.mindir.graph import TO_FIRST, TO_LAST, MindirGraph, add_attribute

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

    def gathered(self, source: str, places: str, shape: Shape, *, axis: int = 0, whole: bool = False) -> str:
        """What lies at these places of an axis."""
        return self._add("Gather", shape, source, places, self.numbers(axis), whole=whole, batch_dims=0)

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

    def least(self, left: str, right: str, shape: Shape) -> str:
        """The smaller of whole numbers of both."""
        return self._add("Minimum", shape, left, right, whole=True)

    def most(self, left: str, right: str, shape: Shape) -> str:
        """The larger of them."""
        return self._add("Maximum", shape, left, right, whole=True)

    def rectified(self, source: str, shape: Shape) -> str:
        """The values above 0, others as 0."""
        return self._add("ReLU", shape, source)

    def convolved(
        self,
        source: str,
        shape: Shape,
        weight: np.ndarray,
        bias: np.ndarray,
        *,
        apart: int,
        has_relu: bool = False,
    ) -> str:
        """A map (1, H, W, C), the shape, convolved without padding; see `MindirGraph.add_convolution`."""
        _, height, width, _ = shape
        outputs, _, kernel, _ = weight.shape
        first = self.transposed(source, shape, TO_FIRST)
        result = 1, outputs, height - kernel + 1, width - apart * (kernel - 1)
        node = self._new("Conv2D", result, first, self.constant(weight))
        self._graph.add_convolution(node, outputs, groups=1, kernel=kernel, margin=0, apart=apart)
        name = self._add("BiasAdd", result, node.output[0], self.constant(bias), format="NCHW")
        if has_relu:
            name = self.rectified(name, result)
        return self.transposed(name, result, TO_LAST)

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
        node = self._new(operator, shape, *inputs, whole=whole)
        primitive = self._graph.add_primitive(node, operator)
        for name, value in settings.items():
            add_attribute(primitive, name, value)
        return node.output[0]

    def _new(self, kind: str, shape: Shape, *inputs: str, whole: bool = False) -> Any:
        """A node that has no operator yet."""
        node = self._graph.node_before(self._node, self._name(kind), *inputs)
        tensor = node.attribute[0].tensors[0]
        tensor.dims[:] = shape
        tensor.data_type = tensor.INT32 if whole else tensor.FLOAT
        self.nodes.append(node)
        return node

    def _name(self, kind: str) -> str:
        return f"{kind}{len(self.nodes)}"
