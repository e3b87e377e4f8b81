"""Reads a MINDIR file as a protocol buffer, without loading the network into MindSpore."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from src.common.errors import UserError
from src.common.lone_module import make_module, module_path
from src.common.naming import naming_file
from src.common.numbers import require_numbers
from src.description.traits import SystemName, needed_shapes, size_of_inputs

_FLOATS = {1: np.float32, 10: np.float16, 11: np.float64}  # by the format's number for the type
_FORMAT_MODULE = "mindspore.train.mind_ir_pb2"


class MindirError(UserError):
    """A MINDIR file that cannot be read or lowered; the message names it."""


def read_mindir(path: str | Path) -> Any:
    """Read a MINDIR file as a mindspore.train.mind_ir_pb2.ModelProto.

    Raises:
        MindirError: the file is missing, damaged or not a MINDIR file, or MindSpore is not installed.
    """
    path = Path(path)
    try:
        from google.protobuf.message import DecodeError

        model = _mindspore_module(_FORMAT_MODULE).ModelProto()
    except ImportError:
        raise MindirError(
            f"{path}: reading it needs MindSpore for Python; otherwise, export with export.mindir_version=1"
        ) from None

    try:
        model.ParseFromString(path.read_bytes())
    except FileNotFoundError:
        raise MindirError(f"{path}: no such file; export.py writes it") from None
    except OSError as error:
        raise MindirError(f"{path}: cannot be read: {error.strerror}") from None
    except DecodeError:
        raise MindirError(f"{path}: damaged or not a MINDIR file; write it again with export.py") from None
    if not model.graph.node or not model.mind_ir_version:
        raise MindirError(f"{path}: contains no network; write it again with export.py")
    return model


def input_size(path: str | Path, system: SystemName = "shm") -> int:
    """Height and width of the square inputs that a model of a system takes.

    Raises:
        UserError: as `read_mindir`, or the model has another input, or NaN or infinite weights.
    """
    graph = read_mindir(path).graph
    with naming_file(path):
        for weight in graph.parameter:
            kind = _FLOATS.get(weight.data_type)
            if kind and len(weight.raw_data) % np.dtype(kind).itemsize == 0:
                require_numbers(weight.name, np.frombuffer(weight.raw_data, kind))
    shape = [tuple(tensor.dims) for each in graph.input for tensor in each.tensor]
    size = size_of_inputs(shape, system)
    if size is None:
        raise MindirError(
            f"{path}: takes inputs of shape {shape}; one input {needed_shapes(system)} is needed"
        )
    return size


def _mindspore_module(name: str) -> ModuleType:
    """Load one module of MindSpore that needs no others; importing MindSpore would take seconds."""
    if name in sys.modules:
        return sys.modules[name]
    module = make_module(name.rpartition(".")[2], module_path(name))
    # It must not enter sys.modules: MindSpore's own imports depend on their order.
    module.__spec__.loader.exec_module(module)
    return module
