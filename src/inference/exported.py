"""Loads and runs exported models: MINDIR with MindSpore, ONNX with ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from src.common.errors import UserError
from src.common.unfinished import temporary_folder
from src.inference.mindir import input_size
from src.model.foreign_files import explain

Run = Callable[[np.ndarray], list[np.ndarray]]


class ExportedError(UserError):
    """An exported model that cannot be loaded; the message names it."""


class MissingRuntimeError(ExportedError):
    """The runtime that the file needs is not installed."""


def load_exported(path: Path) -> tuple[Run, int]:
    """Load a MINDIR or ONNX file.

    Returns:
        A function that maps an image (1, 3, S, S) to trimap logits (1, 3, S, S) and alpha (1, 1, S, S), all
        float32; and S.

    Raises:
        UserError: the file is damaged or has another input, or its runtime is missing.
    """
    reason = explain(path)
    if reason:
        raise ExportedError(f"{path}: {reason}")
    if path.suffix.lower() == ".mindir":
        size = input_size(path)
        return load_mindir(path), size
    session = _onnx_session(path)
    shape = session.get_inputs()[0].shape
    if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3]:
        raise ExportedError(f"{path}: takes inputs of shape {shape}; (1, 3, S, S) is needed")
    return _run_session(session), int(shape[2])


def load_mindir(path: Path) -> Run:
    """Load a MINDIR file as a function that maps an image (1, 3, H, W) float32 to its outputs.

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
    return lambda image: [output.asnumpy() for output in graph(ms.Tensor(image))]


def load_onnx(path: Path) -> Run:
    """Load an ONNX file as a function that maps an image (1, 3, H, W) float32 to its outputs.

    Raises:
        MissingRuntimeError: ONNX Runtime is not installed.
        ExportedError: the file cannot be loaded.
    """
    return _run_session(_onnx_session(path))


def _onnx_session(path: Path):
    try:
        import onnxruntime  # needed only for ONNX files
    except ImportError:
        raise MissingRuntimeError(f"{path}: running it needs ONNX Runtime: pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    # Threads that wait for work do not spin: reading, finishing and writing photos use the cores meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.intra_op.dynamic_block_base", "4")  # shares even on busy cores
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has an exception class for every status, without a common base
        raise ExportedError(f"{path}: cannot be loaded: {str(error).splitlines()[0]}") from None


def _run_session(session) -> Run:
    name = session.get_inputs()[0].name
    return lambda image: session.run(None, {name: image})
