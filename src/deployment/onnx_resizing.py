"""ONNX of networks that resize bilinearly to any size, which MindSpore's exporter refuses.

It knows resizing to the nearest pixel, whose operator has the same inputs. So the network is written as
MINDIR, its resizing is called that, and in the ONNX file that comes of it, the method is set right. The
network must have no other resizing to the nearest pixel.
"""

from collections.abc import Sequence
from pathlib import Path

import mindspore as ms
from mindspore import Tensor, nn

from src.engines.mindir import read_mindir

_BILINEAR, _NEAREST = "ResizeBilinearV2", "ResizeNearestNeighbor"


def export_with_resizing(network: nn.Cell, inputs: Sequence[Tensor], path: Path) -> None:
    """Write a network as ONNX.

    Args:
        network: in evaluation mode.
        inputs: of the shapes that the file shall take.
        path: the file.

    Raises:
        ValueError, RuntimeError, TypeError: it cannot be exported.
        UserError: the package onnx is not installed.
    """
    mindir = path.with_suffix(".mindir")
    ms.export(network, *inputs, file_name=str(mindir), file_format="MINDIR")
    model = read_mindir(mindir)
    for primitive in model.primitives:
        if primitive.op_type == _NEAREST:
            raise ValueError(f"holds {_NEAREST}")
        if primitive.op_type == _BILINEAR:
            primitive.op_type = _NEAREST
    mindir.write_bytes(model.SerializeToString())
    ms.export(nn.GraphCell(ms.load(str(mindir))), *inputs, file_name=str(path), file_format="ONNX")
    _make_bilinear(path)


def _make_bilinear(path: Path) -> None:
    from src.deployment.onnx_package import import_onnx

    onnx = import_onnx(path)
    model = onnx.load(path)
    settings = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    for node in model.graph.node:
        if node.op_type == "Resize":
            del node.attribute[:]
            node.attribute.extend(onnx.helper.make_attribute(*each) for each in settings.items())
    onnx.save(model, path)
