"""Edits the graph of a MINDIR file: nodes, primitives and parameters."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from src.deployment.repeated_field import refill
from src.engines.mindir import MindirError

REFERENCE = "REF::"  # prefix of a primitive's name in the type of a node
TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)  # orders of transposing, by where channels go


class MindirGraph:
    """A model, to be changed in place.

    Args:
        model: a mindspore.train.mind_ir_pb2.ModelProto.
    """

    def __init__(self, model: Any):
        self.model = model
        nodes = model.graph.node
        self.primitives = {primitive.name: primitive for primitive in model.primitives}
        self.node_of = {node.output[0]: node for node in nodes}
        self.constants = {node.output[0]: node.attribute[0] for node in nodes if node.op_type == "Constant"}

    def operator(self, node: Any) -> str:
        """The name of a node's operator."""
        primitive = self.primitives.get(node.op_type.removeprefix(REFERENCE))
        return primitive.op_type if primitive else node.op_type

    def before(self, node: Any | None, operator: str) -> Any | None:
        """The node of a node's first input, if it is of this operator; None for None."""
        before = self.node_of.get(node.input[0]) if node is not None and node.input else None
        return before if before is not None and self.operator(before) == operator else None

    @cached_property
    def users(self) -> dict[str, list[Any]]:
        """The nodes that take a node's output or a parameter, by its name; before any change."""
        users: dict[str, list[Any]] = {}
        for node in self.model.graph.node:
            for name in dict.fromkeys(node.input):
                users.setdefault(name, []).append(node)
        return users

    def shape(self, name: str) -> list[int]:
        """The shape of a node's output."""
        return list(self.node_of[name].attribute[0].tensors[0].dims)

    def add_convolution(
        self,
        node: Any,
        channels: int,
        groups: int,
        *,
        kernel: int = 3,
        margin: int = 1,
        stride: int = 1,
        apart: int = 1,
    ) -> None:
        """Add a convolution to `channels`, with zero padding; it sees columns that lie `apart`."""
        primitive = self.add_primitive(node, "Conv2D")
        for name, value in {
            "kernel_size": (kernel, kernel),
            "mode": 1,
            "out_channel": channels,
            "pad_mode": "pad",
            "pad": (margin,) * 4,
            "pad_list": (margin,) * 4,
            "group": groups,
            "groups": groups,
            "stride": (1, 1, stride, stride),
            "dilation": (1, 1, 1, apart),
            "format": "NCHW",
        }.items():
            add_attribute(primitive, name, value)

    def take_settings(self, node: Any, names: tuple[str, ...]) -> list[Any]:
        """Remove the trailing inputs of a node and return their constant values."""
        settings = [self.constants.get(name) for name in node.input[-len(names) :]]
        if None in settings or len(settings) < len(names):
            raise MindirError(f"{node.name}: {', '.join(names)} must be constant")
        del node.input[-len(names) :]
        return settings

    def add_primitive(self, node: Any, operator: str) -> Any:
        """Add a new primitive, used by this node only; it replaces one that was added to it before."""
        name = f"{operator}:{node.name}"
        if name in self.primitives:
            self.model.primitives.remove(self.primitives[name])
        primitive = self.model.primitives.add()
        primitive.name = name
        primitive.op_type = operator
        self.primitives[primitive.name] = primitive
        node.op_type = REFERENCE + primitive.name
        return primitive

    def node_before(self, node: Any, name: str, *inputs: str) -> Any:
        """Make a new node whose output has the same shape as the output of `node`."""
        new = type(node)()
        new.CopyFrom(node)
        new.name = new.output[0] = f"{node.output[0]}:{name}"
        new.domain = f"{node.domain}-{name}"
        new.input[:] = inputs
        return new

    def tuple_before(self, node: Any, name: str, members: Sequence[Any], *inputs: str) -> Any:
        """Make a new node whose output is a tuple of what is shaped as the outputs of `members`."""
        new = self.node_before(node, name, *inputs)
        del new.attribute[:]
        shape = new.attribute.add()
        shape.name, shape.type = "shape", shape.TUPLE
        for member in members:
            shape.values.add().CopyFrom(member.attribute[0])
            shape.values[-1].name = ""
        shape.seq_info.is_dyn_len = False
        return new

    def number_before(self, node: Any, name: str, value: int | tuple[int, ...]) -> Any:
        """Make a new node whose output is a constant whole number, or a tuple of them."""
        new = self.node_before(node, name)
        new.op_type = "Constant"
        del new.attribute[:]
        add_attribute(new, "value", value)
        return new

    def insert(self, new: Mapping[str, Sequence[Any]]) -> None:
        """Add nodes, by the output of the node that they precede, and remove what nothing needs any more."""
        graph = self.model.graph
        nodes = [each for node in graph.node for each in (*new.get(node.output[0], ()), node)]
        node_of = {node.output[0]: node for node in nodes}
        needed, waiting = set(), [output.name for output in graph.output]
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += node_of[name].input if name in node_of else ()
        refill(graph.node, [node for node in nodes if node.output[0] in needed])
        refill(graph.parameter, [each for each in graph.parameter if each.name in needed])

    def weight(self, node: Any) -> np.ndarray:
        """The weight of a convolution, float32 (out, in, h, w)."""
        return self.array(node.input[1])

    def array(self, name: str) -> np.ndarray:
        """A parameter of float32, or what a node loads of it."""
        parameter, _ = self._holders(name)
        return np.frombuffer(parameter.raw_data, np.float32).reshape(parameter.dims)

    def setting(self, node: Any, name: str) -> float:
        """A number among the settings of a node's operator."""
        primitive = self.primitives[node.op_type.removeprefix(REFERENCE)]
        [value] = [each for each in primitive.attribute if each.name == name]
        return number_of(value)

    def set_weight(self, node: Any, weight: np.ndarray) -> None:
        """Replace the weight of a convolution, in another shape if need be."""
        parameter, load = self._holders(node.input[1])
        parameter.raw_data = weight.astype(np.float32).tobytes()
        parameter.dims[:] = weight.shape
        if load is not None:
            load.attribute[0].tensors[0].dims[:] = weight.shape

    def _holders(self, name: str) -> tuple[Any, Any | None]:
        """The parameter of this name, or that a node of this name loads, and that node, if there is one."""
        load = self.node_of.get(name)
        name = name if load is None else load.input[0]
        [parameter] = [each for each in self.model.graph.parameter if each.name == name]
        return parameter, load

    def parameter(self, node: Any, name: str, value: np.ndarray) -> str:
        """Add a parameter for a node, int32 or float32; returns its name."""
        parameter = self.model.graph.parameter.add()
        parameter.name = f"{node.output[0]}:{name}"
        parameter.dims.extend(value.shape)
        is_whole = value.dtype == np.int32
        parameter.data_type = parameter.INT32 if is_whole else parameter.FLOAT
        parameter.raw_data = (value if is_whole else value.astype(np.float32)).tobytes()
        return parameter.name

    def size(self, output: str) -> list[int]:
        """Return height and width of the output of a node, or of the model's input."""
        if output in self.node_of:
            return self.shape(output)[-2:]
        [value] = [each for each in self.model.graph.input if each.name == output]
        return list(value.tensor[0].dims[-2:])


def number_of(constant: Any) -> float:
    """The value of a constant that is a number: only the field of its type is not 0."""
    return constant.f + constant.d + constant.i


def settings_of(primitive: Any) -> dict[str, int | tuple[int, ...]]:
    """The attributes of a primitive that are whole numbers or tuples of them."""
    return {
        each.name: each.i or tuple(value.ints[0] for value in each.values if value.ints)
        for each in primitive.attribute
    }


def add_attribute(holder: Any, name: str, value: int | float | str | tuple[Any, ...]) -> None:
    """Add a setting to a primitive or a constant; tuples may hold tuples."""
    attribute = holder.attribute.add()
    attribute.name = name
    if isinstance(value, int):
        attribute.type = attribute.BOOL if isinstance(value, bool) else attribute.INT64
        attribute.i = int(value)
    elif isinstance(value, float):
        attribute.type, attribute.f = attribute.FLOAT, value
    elif isinstance(value, str):
        attribute.type, attribute.s = attribute.STRING, value.encode()
    else:
        _set_tuple(attribute, value)


def _set_tuple(attribute: Any, members: tuple[Any, ...]) -> None:
    attribute.type = attribute.TUPLE
    for member in members:
        element = attribute.values.add()
        if isinstance(member, tuple):
            _set_tuple(element, member)
        else:
            element.type = element.INT64
            element.ints.append(member)
