"""Conversion of an exported MINDIR to version 1, which older MindSpore Lite reads.

    python src/deployment/lowering.py shm_export.mindir shm_export_1.mindir

MindSpore 2.10 writes version 3, where operator settings such as the axis are constant inputs. MindSpore Lite
2.0 reads only version 1, where they are attributes. The network computes the same in both.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from src.common.atomic_file import write_bytes  # noqa: E402
from src.common.command_line import run_command  # noqa: E402
from src.deployment.bilinear import border_gain, enlarging_kernel, shrinking_kernel  # noqa: E402
from src.deployment.subpixel import is_doubling, subpixel_weight  # noqa: E402
from src.inference.mindir import MindirError, read_mindir  # noqa: E402

LOWERED_VERSION = 1

# The attributes that replace an operator's trailing constant inputs.
_SETTINGS = {
    "BatchNorm": ("is_training", "epsilon", "momentum", "format"),
    "BiasAdd": ("format",),
    "Concat": ("axis",),
    "Gather": ("batch_dims",),
    "ReduceMean": ("keep_dims",),
    "Softmax": ("axis",),
    "Split": ("axis", "output_num"),
    "StridedSlice": ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"),
}
_RESIZE, _TRANSPOSED, _CLAMP = "ResizeBilinearV2", "Conv2DTranspose", "ClampScalar"
_RESIZE_SETTINGS = ("size", "align_corners", "half_pixel_centers")
# Operators that are the same in both versions.
_SAME = frozenset(
    ("Add", "Conv2D", "Conv2DTranspose", "Constant", "Depend", "Load", "MakeTuple", "MaxPool", "Mul", "Pad")
    + ("ReLU", "ReLU6", "Reshape", "Tile", "TupleGetItem", "UpdateState")
)
_REFERENCE = "REF::"  # prefix of a primitive's name in the type of a node
_FORMATS = {0: "NCHW", 1: "NHWC"}


def lower_file(source: str | Path, target: str | Path) -> None:
    """Write `source` to `target` in version 1; a file that is already version 1 is copied.

    Raises:
        MindirError: `source` is missing, damaged or no MINDIR, or has an operator without a known conversion.
        UserError: `target` cannot be written.
    """
    model = read_mindir(source)
    if model.mind_ir_version > LOWERED_VERSION:
        try:
            _Lowering(model).run()
        except (MindirError, LookupError, AttributeError, ValueError) as error:
            reason = error if isinstance(error, MindirError) else f"its graph has an unknown form ({error!r})"
            raise MindirError(f"{source}: cannot be lowered to version {LOWERED_VERSION}: {reason}") from None
    write_bytes(target, model.SerializeToString())


class _Lowering:
    """Changes a model (mindspore.train.mind_ir_pb2.ModelProto) in place."""

    def __init__(self, model: Any):
        self._model = model
        nodes = model.graph.node
        self._primitives = {primitive.name: primitive for primitive in model.primitives}
        self._constants = {node.output[0]: node.attribute[0] for node in nodes if node.op_type == "Constant"}

    def run(self) -> None:
        if self._model.functions:
            raise MindirError("it contains functions besides its graph")
        self._model.mind_ir_version = LOWERED_VERSION
        nodes = [lowered for node in self._model.graph.node for lowered in self._lower(node)]
        copies = [type(node).FromString(node.SerializeToString()) for node in nodes]
        del self._model.graph.node[:]
        self._model.graph.node.extend(copies)

    def _lower(self, node: Any) -> Iterator[Any]:
        """Yield the nodes that replace `node`."""
        primitive = self._primitives.get(node.op_type.removeprefix(_REFERENCE))
        operator = primitive.op_type if primitive else node.op_type
        if operator == _RESIZE:
            yield from self._resizing(node)
        elif operator == _CLAMP:
            yield from self._clamping(node)
        elif operator == _TRANSPOSED and is_doubling(primitive):
            yield from self._subpixels(node)
        elif operator in _SETTINGS:
            yield self._with_attributes(node, primitive)
        elif operator in _SAME:
            yield node
        else:
            raise MindirError(f"no conversion to older versions is known for the operator '{operator}'")

    def _with_attributes(self, node: Any, primitive: Any) -> Any:
        names = _SETTINGS[primitive.op_type]
        settings = self._take_settings(node, names)
        own = self._add_primitive(node, primitive.op_type)
        own.attribute.extend(primitive.attribute)
        for name, setting in zip(names, settings, strict=True):
            if name == "format":
                _add_attribute(own, name, _FORMATS[setting.i])
            else:
                attribute = own.attribute.add()
                attribute.CopyFrom(setting)
                attribute.name = name
        return node

    def _resizing(self, node: Any) -> Iterator[Any]:
        """Yield bilinear resizing with half-pixel centres, built from operators common to both versions.

        ResizeBilinear cannot be used, since MindSpore Lite 2.0 on CPU ignores half_pixel_centers.
        """
        size, align_corners, half_pixel_centers = self._take_settings(node, _RESIZE_SETTINGS)
        height, width = (value.ints[0] for value in size.values)
        own_height, own_width = self._size(node.input[0])
        enlarges = height > own_height
        factors = height / own_height, width / own_width
        factor = round(factors[0] if enlarges else 1 / factors[0])
        exact = factor if enlarges else 1 / factor
        if align_corners.i or not half_pixel_centers.i or factor % 2 or factors != (exact, exact):
            raise MindirError(
                f"resizing from {own_width}x{own_height} to {width}x{height}: only whole, even factors with "
                "half-pixel centres can be converted"
            )
        if enlarges:
            yield from self._enlarging(node, (height, width), factor)
        else:
            yield self._shrinking(node, factor)

    def _enlarging(self, node: Any, size: tuple[int, int], factor: int) -> Iterator[Any]:
        """Yield nodes that repeat every pixel, and replace it by a weighted mean over its neighbours.

        At the border, some of those are missing, so the mean is divided by the weight of the others.
        """
        channels = node.attribute[0].tensors[0].dims[1]
        weight = self._parameter(node, "weight", np.tile(enlarging_kernel(factor), (channels, 1, 1, 1)))
        repeated = self._node_before(node, "repeated", node.input[0])
        nearest = self._add_primitive(repeated, "ResizeNearestNeighbor")
        _add_attribute(nearest, "size", size)
        _add_attribute(nearest, "align_corners", False)
        _add_attribute(nearest, "half_pixel_centers", False)
        mean = self._node_before(node, "mean", repeated.output[0], weight)
        self._add_convolution(mean, channels, channels, kernel=factor + 1, margin=factor // 2)
        self._add_primitive(node, "Mul")
        gain = border_gain(*size, factor)[np.newaxis, np.newaxis]
        node.input[:] = [mean.output[0], self._parameter(node, "border", gain)]
        yield from (repeated, mean, node)

    def _shrinking(self, node: Any, factor: int) -> Any:
        channels = node.attribute[0].tensors[0].dims[1]
        weight = np.tile(shrinking_kernel(factor), (channels, 1, 1, 1))
        node.input.append(self._parameter(node, "weight", weight))
        self._add_convolution(node, channels, channels, kernel=factor, margin=0, stride=factor)
        return node

    def _clamping(self, node: Any) -> Iterator[Any]:
        """Yield the larger of the value and the least, then the smaller of that and the most."""
        least, most = self._take_settings(node, ("min", "max"))
        lower = self._node_before(node, "lower", node.input[0])
        for each, operator, limit in ((lower, "Maximum", least), (node, "Minimum", most)):
            self._add_primitive(each, operator)
            each.input.append(self._parameter(each, operator, np.full((1, 1, 1, 1), _number(limit))))
        node.input[0] = lower.output[0]
        yield from (lower, node)

    def _subpixels(self, node: Any) -> Iterator[Any]:
        """Yield a doubling transposed convolution as an ordinary one that computes four pixels for each."""
        graph = self._model.graph
        load = {each.output[0]: each for each in graph.node}[node.input[1]]
        parameter = {each.name: each for each in graph.parameter}[load.input[0]]
        weight = np.frombuffer(parameter.raw_data, np.float32).reshape(parameter.dims)
        weight = subpixel_weight(weight)
        parameter.raw_data = weight.tobytes()
        quarters = self._node_before(node, "quarters", node.input[0], node.input[1])
        height, width = quarters.attribute[0].tensors[0].dims[2:]
        for holder, shape in (
            (parameter.dims, weight.shape),
            (load.attribute[0].tensors[0].dims, weight.shape),
            (quarters.attribute[0].tensors[0].dims, (1, len(weight), height // 2, width // 2)),
        ):
            holder[:] = shape
        self._add_convolution(quarters, len(weight), groups=1)
        join = self._add_primitive(node, "DepthToSpace")
        _add_attribute(join, "block_size", 2)
        _add_attribute(join, "format", "NCHW")
        node.input[:] = [quarters.output[0]]
        yield from (quarters, node)

    def _add_convolution(
        self, node: Any, channels: int, groups: int, *, kernel: int = 3, margin: int = 1, stride: int = 1
    ) -> None:
        """Add a convolution to `channels`, with zero padding."""
        primitive = self._add_primitive(node, "Conv2D")
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
            "dilation": (1, 1, 1, 1),
            "format": "NCHW",
        }.items():
            _add_attribute(primitive, name, value)

    def _take_settings(self, node: Any, names: tuple[str, ...]) -> list[Any]:
        """Remove the trailing inputs of a node and return their constant values."""
        settings = [self._constants.get(name) for name in node.input[-len(names) :]]
        if None in settings or len(settings) < len(names):
            raise MindirError(f"{node.name}: {', '.join(names)} must be constant")
        del node.input[-len(names) :]
        return settings

    def _add_primitive(self, node: Any, operator: str) -> Any:
        """Add a new primitive, used by this node only."""
        primitive = self._model.primitives.add()
        primitive.name = f"{operator}:{node.name}"
        primitive.op_type = operator
        node.op_type = _REFERENCE + primitive.name
        return primitive

    def _node_before(self, node: Any, name: str, *inputs: str) -> Any:
        """Make a new node whose output has the same shape as the output of `node`."""
        new = type(node)()
        new.CopyFrom(node)
        new.name = new.output[0] = f"{node.output[0]}:{name}"
        new.domain = f"{node.domain}-{name}"
        new.input[:] = inputs
        return new

    def _parameter(self, node: Any, name: str, value: np.ndarray) -> str:
        parameter = self._model.graph.parameter.add()
        parameter.name = f"{node.output[0]}:{name}"
        parameter.dims.extend(value.shape)
        parameter.data_type = parameter.FLOAT
        parameter.raw_data = value.astype(np.float32).tobytes()
        return parameter.name

    def _size(self, output: str) -> list[int]:
        """Return height and width of the output of a node, or of the model's input."""
        graph = self._model.graph
        shapes = {node.output[0]: node.attribute[0].tensors for node in graph.node if node.attribute}
        shapes |= {value.name: value.tensor for value in graph.input}
        return list(shapes[output][0].dims[-2:])


def _number(constant: Any) -> float:
    """The value of a constant that is a number: only the field of its type is not 0."""
    return constant.f + constant.d + constant.i


def _add_attribute(holder: Any, name: str, value: int | str | tuple[int, ...]) -> None:
    attribute = holder.attribute.add()
    attribute.name = name
    if isinstance(value, int):
        attribute.type = attribute.BOOL if isinstance(value, bool) else attribute.INT64
        attribute.i = int(value)
    elif isinstance(value, str):
        attribute.type, attribute.s = attribute.STRING, value.encode()
    else:
        attribute.type = attribute.TUPLE
        for number in value:
            element = attribute.values.add()
            element.type = element.INT64
            element.ints.append(number)


def main() -> None:
    """Read the command line and convert the file."""
    parser = argparse.ArgumentParser(
        description="Convert a MINDIR file to version 1, for older MindSpore Lite such as 2.0; "
        "run_infer_cpp.sh does this automatically, as does export.py with export.mindir_version=1."
    )
    parser.add_argument("source", help="a MINDIR file written by export.py")
    parser.add_argument("target", help="the file to write")
    arguments = parser.parse_args()
    lower_file(arguments.source, arguments.target)


if __name__ == "__main__":
    run_command(main)
