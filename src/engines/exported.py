"""Loads and runs exported models: MINDIR with MindSpore, ONNX with ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from src.common.errors import UserError
from src.common.unfinished import temporary_folder
from src.description.traits import SystemName, needed_shapes, size_of_inputs
from src.engines.mindir import input_size
from src.model.foreign_files import explain

Run = Callable[..., list[np.ndarray]]  # from the inputs in order


class ExportedError(UserError):
    """An exported model that cannot be loaded; the message names it."""


class MissingRuntimeError(ExportedError):
    """The runtime that the file needs is not installed."""


def load_exported(path: Path, system: SystemName = "shm") -> tuple[Run, int]:
    """Load a MINDIR or ONNX file.

    Returns:
        A function from the system's inputs to its outputs, and their size S. That of SHM maps an image
        (1, 3, S, S) to trimap logits (1, 3, S, S) and alpha (1, 1, S, S), all float32.

    Raises:
        UserError: the file is damaged or has another input, or its runtime is missing.
    """
    reason = explain(path)
    if reason:
        raise ExportedError(f"{path}: {reason}")
    if path.suffix.lower() == ".mindir":
        size = input_size(path, system)
        return load_mindir(path), size
    session = _onnx_session(path)
    shapes = [each.shape for each in session.get_inputs()]
    size = size_of_inputs(shapes, system)
    if size is None:
        shape = shapes[0] if len(shapes) == 1 else shapes
        raise ExportedError(f"{path}: takes inputs of shape {shape}; {needed_shapes(system)} is needed")
    return _run_session(session), size


def load_mindir(path: Path) -> Run:
    """Load a MINDIR file as a function that maps its inputs to its outputs.

    Raises:
        ExportedError: the file cannot be loaded.
    """
    import mindspore as ms

    try:
        with temporary_folder() as folder:
            link = Path(folder, "model.mindir")  # MindSpore requires this suffix, in lower case
            link.symlink_to(path.absolute())
            graph = ms.nn.GraphCell(ms.load(str(link)))
    except (ValueError, RuntimeError) as error:
        raise ExportedError(f"{path}: cannot be loaded: {str(error).splitlines()[0]}") from None
    return lambda *inputs: as_arrays(graph(*map(ms.Tensor, inputs)))


def compiled(network: Any) -> Run:
    """A network of MindSpore as a function of its inputs; each shape of theirs is compiled once."""
    import mindspore as ms

    run = ms.jit(network.construct)
    return lambda *inputs: as_arrays(run(*map(ms.Tensor, inputs)))


def as_arrays(outputs: Any) -> list[np.ndarray]:
    """A network's output, or outputs, as arrays."""
    return [each.asnumpy() for each in (outputs if isinstance(outputs, tuple) else (outputs,))]


def load_onnx(path: Path, keeps_memory: bool = True) -> Run:
    """Load an ONNX file as a function that maps its inputs to its outputs.

    Args:
        path: the file.
        keeps_memory: whether memory is kept for the next run, which is faster; for large inputs, up to twice
            as much is needed then.

    Raises:
        MissingRuntimeError: ONNX Runtime is not installed.
        ExportedError: the file cannot be loaded.
    """
    return _run_session(_onnx_session(path, keeps_memory))


def _onnx_session(path: Path, keeps_memory: bool = True):
    try:
        import onnxruntime  # needed only for ONNX files
    except ImportError:
        raise MissingRuntimeError(f"{path}: running it needs ONNX Runtime: pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = options.enable_mem_pattern = keeps_memory
    # Threads that wait for work do not spin: reading, finishing and writing photos use the cores meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has an exception class for every status, without a common base
        raise ExportedError(f"{path}: cannot be loaded: {str(error).splitlines()[0]}") from None


def _run_session(session) -> Run:
    names = [each.name for each in session.get_inputs()]
    return lambda *inputs: session.run(None, dict(zip(names, inputs, strict=True)))
