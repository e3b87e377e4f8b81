"""Reads the convolutions of a TensorFlow Lite file."""

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.errors import UserError
from src.common.naming import naming_file
from src.common.numbers import require_numbers

_MAGIC = b"TFL3"  # at byte 4
# The stored axes in the order (O, I, kh, kw).
_AXES = {
    "CONV_2D": (0, 3, 1, 2),  # (O, kh, kw, I)
    "DEPTHWISE_CONV_2D": (3, 0, 1, 2),  # (1, kh, kw, C)
}
# Errors when reading a damaged file: offsets and sizes beyond its end, or types that do not exist.
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError, struct.error)


class FoldedConv(NamedTuple):
    """A convolution with the batch normalisation after it folded in."""

    weight: np.ndarray  # (O, I, kh, kw) float32; depthwise (C, 1, kh, kw)
    bias: np.ndarray  # (O,) float32


def read_tflite_convolutions(path: str | Path) -> list[FoldedConv]:
    """Read the convolutions of a TFLite file in the order of its operators, dequantised.

    Raises:
        UserError: the package that reads it is not installed, or the file is missing, damaged, no TFLite file
            or one that stores convolutions otherwise, or values that are no numbers.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    try:
        import tflite
    except ImportError:
        raise UserError(
            f"{path}: the package tflite is needed to read it; install it with: pip install tflite"
        ) from None
    content = Path(path).read_bytes()
    if content[4:8] != _MAGIC:
        raise UserError(f"{path}: is no TensorFlow Lite file")
    try:
        with naming_file(path):
            return _convolutions(tflite, tflite.Model.GetRootAsModel(content, 0))
    except _DAMAGE as error:
        raise UserError(f"{path}: is damaged, or stores convolutions in an unknown form: {error}") from None


def _convolutions(tflite, model) -> list[FoldedConv]:
    axes_of = {getattr(tflite.BuiltinOperator, name): axes for name, axes in _AXES.items()}
    graph = model.Subgraphs(0)
    found = []
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        axes = axes_of.get(model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode())
        if axes is None:
            continue
        if operator.InputsLength() != 3:
            raise ValueError(f"operator {number} is a convolution without bias")
        weight, bias = (_dequantised(tflite, model, graph.Tensors(operator.Inputs(i))) for i in (1, 2))
        weight = np.ascontiguousarray(weight.transpose(axes))
        if bias.shape != weight.shape[:1]:
            raise ValueError(f"operator {number} has {weight.shape[0]} outputs, but a bias {bias.shape}")
        for values in (weight, bias):
            require_numbers(f"operator {number}", values)
        found.append(FoldedConv(weight, bias))
    return found


def _dequantised(tflite, model, tensor) -> np.ndarray:
    """Compute (value - zero point) * scale, with one scale per tensor or channel; floats are unchanged."""
    types = {
        tflite.TensorType.FLOAT32: np.float32,
        tflite.TensorType.FLOAT16: np.float16,
        tflite.TensorType.INT32: np.int32,
        tflite.TensorType.INT8: np.int8,
        tflite.TensorType.UINT8: np.uint8,
    }
    buffer = model.Buffers(tensor.Buffer())
    if not buffer.DataLength():
        raise ValueError("weights are computed by other operators, not stored")
    stored = np.frombuffer(buffer.DataAsNumpy().tobytes(), types[tensor.Type()])
    values = stored.reshape(tensor.ShapeAsNumpy()).astype(np.float64)
    quantisation = tensor.Quantization()
    if quantisation is None or not quantisation.ScaleLength():
        return values.astype(np.float32)
    shape = [1] * values.ndim
    if quantisation.ScaleLength() > 1:
        shape[quantisation.QuantizedDimension()] = -1
    scale = quantisation.ScaleAsNumpy().astype(np.float64).reshape(shape)
    zero = quantisation.ZeroPointAsNumpy().reshape(shape) if quantisation.ZeroPointLength() else 0
    return ((values - zero) * scale).astype(np.float32)
