"""The convolutions of a TensorFlow Lite file."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.errors import UserError

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_MAGIC = b"TFL3"  # at byte 4


class FoldedConv(NamedTuple):
    """A convolution with the batch normalisation after it folded in."""

    weight: np.ndarray  # (O, I, kh, kw) float32; depthwise (C, 1, kh, kw)
    bias: np.ndarray  # (O,) float32


def read_tflite_convolutions(path: str | Path) -> list[FoldedConv]:
    """Read the convolutions of a TFLite file in the order of its operators, dequantised.

    Raises:
        UserError: the package that reads it is not installed, or the file is missing, damaged or none.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        import tflite
    except ImportError:
        raise UserError(
            f"{path}: a package is needed to read it; install it with: pip install tflite"
        ) from None
    if content[4:8] != _MAGIC:
        raise UserError(f"{path}: is no TensorFlow Lite file")
    try:
        model = tflite.Model.GetRootAsModel(content, 0)
        graph = model.Subgraphs(0)
        names = {getattr(tflite.BuiltinOperator, name): name for name in _CONVOLUTIONS}
        found = []
        for number in range(graph.OperatorsLength()):
            operator = graph.Operators(number)
            name = names.get(model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode())
            if name is None:
                continue
            weight, bias = (_dequantised(tflite, model, graph.Tensors(operator.Inputs(i))) for i in (1, 2))
            axes = (0, 3, 1, 2) if name == "CONV_2D" else (3, 0, 1, 2)  # depthwise: (1, kh, kw, C)
            found.append(FoldedConv(np.ascontiguousarray(weight.transpose(axes)), bias))
    except (ValueError, IndexError, TypeError, AttributeError, ArithmeticError) as error:
        raise UserError(f"{path}: is damaged, or of a kind that is not known: {error}") from None
    return found


def _dequantised(tflite, model, tensor) -> np.ndarray:
    """(value - zero point) * scale, with one scale for the tensor or one a channel; floats as they are."""
    types = {
        tflite.TensorType.FLOAT32: np.float32,
        tflite.TensorType.FLOAT16: np.float16,
        tflite.TensorType.INT32: np.int32,
        tflite.TensorType.INT8: np.int8,
        tflite.TensorType.UINT8: np.uint8,
    }
    stored = np.frombuffer(model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes(), types[tensor.Type()])
    values = stored.reshape(tensor.ShapeAsNumpy()).astype(np.float64)
    quantisation = tensor.Quantization()
    if quantisation is None or not quantisation.ScaleLength():
        return values.astype(np.float32)
    shape = [1] * values.ndim
    if quantisation.ScaleLength() > 1:
        shape[quantisation.QuantizedDimension()] = -1
    zero = quantisation.ZeroPointAsNumpy().reshape(shape)
    return ((values - zero) * quantisation.ScaleAsNumpy().astype(np.float64).reshape(shape)).astype(
        np.float32
    )
