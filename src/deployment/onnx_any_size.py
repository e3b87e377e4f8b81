"""ONNX of Background Matting V2 for photos of any size.

MindSpore exports fixed sizes. The network is written for one whose sides, and those of all maps inside, are
numbers that mean nothing else; wherever one of them stands in the file, it is replaced by its formula.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from src.deployment.onnx_package import import_onnx
from src.deployment.repeated_field import refill
from src.description.plate_form import COPY_SIDE, LARGEST_SCALE, PlateForm, plate_form

TRACED = PlateForm(width=916, height=604, backbone_scale=0.25, refinement="full")
CHECKED = tuple(plate_form(*size, "full") for size in ((640, 480), (536, 960), (1920, 256)))
_FULL, _HALF, _SMALL = "full", "full.half", "small"  # of the photo, half of that, of the base network's copy


def make_any_size(path: Path) -> None:
    """Let the file itself take photos and plates (1, 3, H, W) with any multiples of 4 as H and W.

    The base network sees a copy as `copy_scale` has it. H and W must be 64 or more.

    Args:
        path: an ONNX file of opset 11 that was exported for `TRACED`.

    Raises:
        UserError: as `import_onnx`.
    """
    onnx = import_onnx(path)
    model = onnx.load(path)
    _Freeing(onnx, model.graph).run()
    onnx.save(model, path)


def _traced_sizes() -> dict[str, tuple[int, int]]:
    """Height and width of the maps in the traced network, in the order in which they are computed."""
    height, width = TRACED.height, TRACED.width
    sizes = {
        _FULL: (height, width),
        "full.padded": (height + 4, width + 4),
        _HALF: (height // 2, width // 2),
        "full.half.padded": (height // 2 + 2, width // 2 + 2),
        _SMALL: (int(height * TRACED.backbone_scale), int(width * TRACED.backbone_scale)),
    }
    side = sizes[_SMALL]
    for times in (2, 4, 8, 16):
        side = tuple((each + 1) // 2 for each in side)
        sizes[f"small.{times}"] = side
    return sizes


class _Freeing:
    """Changes a graph in place."""

    def __init__(self, onnx: Any, graph: Any):
        self.onnx = onnx
        self.graph = graph
        self.sides = {
            number: f"{name}.{side}"
            for name, size in _traced_sizes().items()
            for side, number in zip(("height", "width"), size, strict=True)
        }

    def run(self) -> None:
        nodes = list(self._formulas(self.graph.input[0].name))
        for node in self.graph.node:
            nodes.extend(self._freed(node) if node.op_type == "Constant" else [node])
        refill(self.graph.node, nodes)
        del self.graph.value_info[:]
        for end in (*self.graph.input, *self.graph.output):
            for dimension, name in zip(end.type.tensor_type.shape.dim[2:], ("height", "width"), strict=True):
                dimension.dim_param = name

    def _formulas(self, image: str) -> Iterator[Any]:
        """Yield the nodes that compute all sizes, a vector of two for each, and their sides."""
        make = self.onnx.helper.make_node
        yield make("Shape", [image], ["image.shape"])
        yield make("Slice", ["image.shape", self._number(2), self._number(4)], [_FULL])
        yield make("Add", [_FULL, self._number(4)], ["full.padded"])
        yield make("Div", [_FULL, self._number(2)], [_HALF])
        yield make("Add", [_HALF, self._number(2)], ["full.half.padded"])
        # As in Python: in double precision, so that rounding is the same.
        yield make("Cast", [_FULL], ["sides"], to=self.onnx.TensorProto.DOUBLE)
        yield make("ReduceMax", ["sides"], ["longer"])
        yield make("Div", [self._number(float(COPY_SIDE)), "longer"], ["ratio"])
        yield make("Min", ["ratio", self._number(LARGEST_SCALE)], ["scale"])
        yield make("Mul", ["sides", "scale"], ["small.exact"])
        yield make("Cast", ["small.exact"], [_SMALL], to=self.onnx.TensorProto.INT64)
        larger = _SMALL
        for times in (2, 4, 8, 16):
            yield make("Add", [larger, self._number(1)], [f"small.{times}.twice"])
            yield make("Div", [f"small.{times}.twice", self._number(2)], [f"small.{times}"])
            larger = f"small.{times}"
        for name in _traced_sizes():
            for place, side in enumerate(("height", "width")):
                yield make("Gather", [name, self._number(place)], [f"{name}.{side}"])

    def _freed(self, constant: Any) -> Iterator[Any]:
        """Yield what computes a shape that MindSpore wrote as a constant."""
        values = self.onnx.numpy_helper.to_array(constant.attribute[0].t)
        if not any(value in self.sides for value in values.flat):
            yield constant
            return
        parts = [self.sides.get(value) or self._number(int(value)) for value in values.tolist()]
        yield self.onnx.helper.make_node("Concat", parts, list(constant.output), axis=0)

    def _number(self, value: float) -> str:
        """The name of a constant of one value, int64 or double."""
        name = f"number.{value}"
        if all(each.name != name for each in self.graph.initializer):
            self.graph.initializer.append(self.onnx.numpy_helper.from_array(np.array([value]), name))
        return name
