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
from src.deployment.mindir.bilinear import border_gain, enlarging_kernel, shrinking_kernel  # noqa: E402
from src.deployment.mindir.channels_last import ChannelsLast  # noqa: E402
from src.deployment.mindir.cheaper_maps import CheaperMaps  # noqa: E402
from src.deployment.mindir.enlarged_convolutions import EnlargedConvolutions  # noqa: E402
from src.deployment.mindir.graph import REFERENCE, MindirGraph, add_attribute, number_of  # noqa: E402
from src.deployment.mindir.ib_norms import IBNorms  # noqa: E402
from src.deployment.mindir.pasted_cells import PastedCells  # noqa: E402
from src.deployment.mindir.sampled_windows import SampledWindows  # noqa: E402
from src.deployment.mindir.side_by_side import SideBySide  # noqa: E402
from src.deployment.repeated_field import refill  # noqa: E402
from src.deployment.subpixel import is_doubling, subpixel_weight  # noqa: E402
from src.engines.mindir import MindirError, read_mindir  # noqa: E402

LOWERED_VERSION = 1

# The attributes that replace an operator's trailing constant inputs.
_SETTINGS = {
    "BatchNorm": ("is_training", "epsilon", "momentum", "format"),
    "BiasAdd": ("format",),
    "Concat": ("axis",),
    "Gather": ("batch_dims",),
    "MatMul": ("transpose_a", "transpose_b"),
    "ReduceMean": ("keep_dims",),
    "Softmax": ("axis",),
    "Split": ("axis", "output_num"),
    "StridedSlice": ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"),
}
_RESIZE, _TRANSPOSED, _CLAMP = "ResizeBilinearV2", "Conv2DTranspose", "ClampScalar"
_SCATTER, _SCALE, _BY_NUMBER = "ScatterNd", "Muls", "Divs"
_RESIZE_SETTINGS = ("size", "align_corners", "half_pixel_centers")
# Operators that are the same in both versions.
_SAME = frozenset(
    ("Add", "Cast", "Constant", "Conv2D", "Conv2DTranspose", "Depend", "Div", "ExpandDims", "FloorDiv")
    + ("Greater", "Load", "MakeTuple", "MaxPool", "Mul", "Neg", "PReLU", "Pad", "ReLU", "ReLU6", "Reshape")
    + ("Select", "Sigmoid", "Sqrt", "Square", "Sub", "Tile", "TopK", "Transpose", "TupleGetItem")
    + ("UpdateState",)
)
_FORMATS = {0: "NCHW", 1: "NHWC"}
_FOR_CPU = IBNorms, SampledWindows, SideBySide, PastedCells, CheaperMaps, EnlargedConvolutions, ChannelsLast


def lower_file(source: str | Path, target: str | Path, *, for_cpu: bool = False) -> None:
    """Write `source` to `target` in version 1; a file that is already version 1 is copied.

    Args:
        source: a MINDIR file.
        target: the file to write.
        for_cpu: in the form that is fastest in MindSpore Lite on CPU, which MindSpore itself cannot run.

    Raises:
        MindirError: `source` is missing, damaged or no MINDIR, or has an operator without a known conversion.
        UserError: `target` cannot be written.
    """
    model = read_mindir(source)
    steps = [_Lowering] if model.mind_ir_version > LOWERED_VERSION else []
    for step in (*steps, *(_FOR_CPU if for_cpu else ())):
        try:
            step(model).run()
        except (MindirError, LookupError, AttributeError, ValueError) as error:
            reason = error if isinstance(error, MindirError) else f"its graph has an unknown form ({error!r})"
            raise MindirError(f"{source}: cannot be lowered to version {LOWERED_VERSION}: {reason}") from None
    write_bytes(target, model.SerializeToString())


class _Lowering(MindirGraph):
    """Changes a model in place."""

    def run(self) -> None:
        if self.model.functions:
            raise MindirError("it contains functions besides its graph")
        self.model.mind_ir_version = LOWERED_VERSION
        nodes = self.model.graph.node
        refill(nodes, [lowered for node in nodes for lowered in self._lower(node)])

    def _lower(self, node: Any) -> Iterator[Any]:
        """Yield the nodes that replace `node`."""
        primitive = self.primitives.get(node.op_type.removeprefix(REFERENCE))
        operator = self.operator(node)
        if operator == _RESIZE:
            yield from self._resizing(node)
        elif operator == _CLAMP:
            yield from self._clamping(node)
        elif operator == _TRANSPOSED and is_doubling(primitive):
            yield from self._subpixels(node)
        elif operator == _BY_NUMBER:
            yield self._division(node)
        elif operator == _SCATTER:
            yield self._scattering(node)
        elif operator == _SCALE:
            yield self._scaling(node)
        elif operator in _SETTINGS:
            yield self._with_attributes(node, primitive)
        elif operator in _SAME:
            yield node
        else:
            raise MindirError(f"no conversion to older versions is known for the operator '{operator}'")

    def _with_attributes(self, node: Any, primitive: Any) -> Any:
        names = _SETTINGS[primitive.op_type]
        settings = self.take_settings(node, names)
        own = self.add_primitive(node, primitive.op_type)
        own.attribute.extend(primitive.attribute)
        for name, setting in zip(names, settings, strict=True):
            if name == "format":
                add_attribute(own, name, _FORMATS[setting.i])
            else:
                attribute = own.attribute.add()
                attribute.CopyFrom(setting)
                attribute.name = name
        return node

    def _resizing(self, node: Any) -> Iterator[Any]:
        """Yield bilinear resizing with half-pixel centres, built from operators common to both versions.

        ResizeBilinear cannot be used, since MindSpore Lite 2.0 on CPU ignores half_pixel_centers.
        """
        size, align_corners, half_pixel_centers = self.take_settings(node, _RESIZE_SETTINGS)
        height, width = (value.ints[0] for value in size.values)
        own_height, own_width = self.size(node.input[0])
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
        weight = self.parameter(node, "weight", np.tile(enlarging_kernel(factor), (channels, 1, 1, 1)))
        repeated = self.node_before(node, "repeated", node.input[0])
        nearest = self.add_primitive(repeated, "ResizeNearestNeighbor")
        add_attribute(nearest, "size", size)
        add_attribute(nearest, "align_corners", False)
        add_attribute(nearest, "half_pixel_centers", False)
        mean = self.node_before(node, "mean", repeated.output[0], weight)
        self.add_convolution(mean, channels, channels, kernel=factor + 1, margin=factor // 2)
        self.add_primitive(node, "Mul")
        gain = border_gain(*size, factor)[np.newaxis, np.newaxis]
        node.input[:] = [mean.output[0], self.parameter(node, "border", gain)]
        yield from (repeated, mean, node)

    def _division(self, node: Any) -> Any:
        """Divide by a tensor, since version 1 cannot divide by a number."""
        [number] = self.take_settings(node, ("divisor",))
        self.add_primitive(node, "Div")
        node.input.append(self.parameter(node, "divisor", np.array([number.f])))
        return node

    def _shrinking(self, node: Any, factor: int) -> Any:
        channels = node.attribute[0].tensors[0].dims[1]
        weight = np.tile(shrinking_kernel(factor), (channels, 1, 1, 1))
        node.input.append(self.parameter(node, "weight", weight))
        self.add_convolution(node, channels, channels, kernel=factor, margin=0, stride=factor)
        return node

    def _clamping(self, node: Any) -> Iterator[Any]:
        """Yield the larger of the value and the least, then the smaller of that and the most."""
        least, most = self.take_settings(node, ("min", "max"))
        lower = self.node_before(node, "lower", node.input[0])
        for each, operator, limit in ((lower, "Maximum", least), (node, "Minimum", most)):
            self.add_primitive(each, operator)
            each.input.append(self.parameter(each, operator, np.full((1, 1, 1, 1), number_of(limit))))
        node.input[0] = lower.output[0]
        yield from (lower, node)

    def _subpixels(self, node: Any) -> Iterator[Any]:
        """Yield a doubling transposed convolution as an ordinary one that computes four pixels for each."""
        weight = subpixel_weight(self.weight(node))
        self.set_weight(node, weight)
        quarters = self.node_before(node, "quarters", node.input[0], node.input[1])
        height, width = quarters.attribute[0].tensors[0].dims[2:]
        quarters.attribute[0].tensors[0].dims[:] = (1, len(weight), height // 2, width // 2)
        self.add_convolution(quarters, len(weight), groups=1)
        join = self.add_primitive(node, "DepthToSpace")
        add_attribute(join, "block_size", 2)
        add_attribute(join, "format", "NCHW")
        node.input[:] = [quarters.output[0]]
        yield from (quarters, node)

    def _scattering(self, node: Any) -> Any:
        """Add to zeros: MindSpore Lite 2.0 on CPU leaves what was in memory where nothing is scattered."""
        [shape] = self.take_settings(node, ("shape",))
        zeros = np.zeros([value.ints[0] for value in shape.values])
        node.input[:] = [self.parameter(node, "zeros", zeros), *node.input]
        self.add_primitive(node, "TensorScatterAdd")
        return node

    def _scaling(self, node: Any) -> Any:
        """Multiply whole numbers by a constant."""
        [factor] = self.take_settings(node, ("factor",))
        node.input.append(self.parameter(node, "factor", np.array([number_of(factor)], np.int32)))
        self.add_primitive(node, "Mul")
        return node


def main() -> None:
    """Read the command line and convert the file."""
    parser = argparse.ArgumentParser(
        description="Convert a MINDIR file to version 1, for older MindSpore Lite such as 2.0; "
        "run_infer_cpp.sh does this automatically, as does export.py with export.mindir_version=1."
    )
    parser.add_argument("source", help="a MINDIR file written by export.py")
    parser.add_argument("target", help="the file to write")
    parser.add_argument(
        "--for_cpu",
        action="store_true",
        help="in the form that is fastest in MindSpore Lite on CPU, which MindSpore itself cannot run",
    )
    arguments = parser.parse_args()
    lower_file(arguments.source, arguments.target, for_cpu=arguments.for_cpu)


if __name__ == "__main__":
    run_command(main)
