"""TensorFlow Lite files that hold nothing but convolutions, as large as a test wants them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import flatbuffers
import numpy as np
import tflite


class Stored(NamedTuple):
    """A tensor's values as a file stores them, and how they are quantised."""

    values: np.ndarray
    scale: Sequence[float] = ()
    zero: Sequence[int] = ()
    axis: int = 0


class Operator(NamedTuple):
    """An operator and what it is given besides the map before it."""

    kind: str  # a name of tflite.BuiltinOperator
    constants: Sequence[Stored]


def convolution(weight: np.ndarray, bias: np.ndarray) -> Operator:
    """A float32 convolution; weight (O, I, kh, kw), depthwise (C, 1, kh, kw)."""
    if weight.shape[1] == 1:
        return Operator("DEPTHWISE_CONV_2D", [Stored(weight.transpose(1, 2, 3, 0)), Stored(bias)])
    return Operator("CONV_2D", [Stored(weight.transpose(0, 2, 3, 1)), Stored(bias)])


def write_tflite(path: Path, operators: Sequence[Operator]) -> None:
    """Write a file whose operators follow one another; the maps between them have no shape."""
    builder = flatbuffers.Builder()
    empty = _table(builder, "Buffer")
    no_map = _table(builder, "Tensor")
    buffers, tensors, made = [empty], [no_map], []
    kinds = sorted({operator.kind for operator in operators})
    for operator in operators:
        places = [0]
        for constant in operator.constants:
            values = np.ascontiguousarray(constant.values)
            data = builder.CreateNumpyVector(values.reshape(-1).view(np.uint8))
            places.append(len(tensors))
            tensors.append(_tensor(builder, constant, len(buffers)))
            buffers.append(_table(builder, "Buffer", Data=data))
        inputs = builder.CreateNumpyVector(np.array(places, np.int32))
        made.append(_table(builder, "Operator", OpcodeIndex=kinds.index(operator.kind), Inputs=inputs))
    codes = [
        _table(builder, "OperatorCode", DeprecatedBuiltinCode=getattr(tflite.BuiltinOperator, kind))
        for kind in kinds
    ]
    graph = _table(builder, "SubGraph", Tensors=_vector(builder, tensors), Operators=_vector(builder, made))
    model = _table(
        builder,
        "Model",
        Version=3,
        OperatorCodes=_vector(builder, codes),
        Subgraphs=_vector(builder, [graph]),
        Buffers=_vector(builder, buffers),
    )
    builder.Finish(model, b"TFL3")
    path.write_bytes(builder.Output())


def _tensor(builder, constant: Stored, buffer: int) -> int:
    fields = {}
    if constant.scale:
        quantisation = {"Scale": builder.CreateNumpyVector(np.array(constant.scale, np.float32))}
        if constant.zero:
            quantisation["ZeroPoint"] = builder.CreateNumpyVector(np.array(constant.zero, np.int64))
        fields["Quantization"] = _table(
            builder, "QuantizationParameters", **quantisation, QuantizedDimension=constant.axis
        )
    shape = builder.CreateNumpyVector(np.array(constant.values.shape, np.int32))
    kind = getattr(tflite.TensorType, constant.values.dtype.name.upper())
    return _table(builder, "Tensor", Shape=shape, Type=kind, Buffer=buffer, **fields)


def _vector(builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def _table(builder, kind: str, **fields: int) -> int:
    getattr(tflite, f"{kind}Start")(builder)
    for name, value in fields.items():
        getattr(tflite, f"{kind}Add{name}")(builder, value)
    return getattr(tflite, f"{kind}End")(builder)
