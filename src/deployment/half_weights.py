"""Weights of an ONNX file stored as float16, where that loses nothing, and computed in float32.

Shipped checkpoints store float16, so their exported files can too, in half the space. ONNX Runtime turns the
weights into float32 once, when it loads the file, which takes time for each: small ones stay as they are.
"""

from pathlib import Path

import numpy as np

from src.deployment.onnx_package import import_onnx
from src.deployment.repeated_field import refill

_LEAST_VALUES = 1000  # of a weight worth the conversion


def store_half(path: Path) -> None:
    """Store as float16 large weights that a float16 holds exactly, in the file itself.

    Args:
        path: an ONNX file.

    Raises:
        UserError: as `import_onnx`.
    """
    onnx = import_onnx(path)
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    model = onnx.load(path)
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _LEAST_VALUES:
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.array_equal(half, values):
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    refill(model.graph.node, [*casts, *model.graph.node])  # nodes come after those whose outputs they take
    onnx.save(model, path)
