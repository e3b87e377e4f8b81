"""Chooses the engine that runs a model: ONNX Runtime on CPUs if possible, otherwise MindSpore.

The C++ runner, 'lite', is taken only where it is asked for.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

from src.common.errors import UserError
from src.engines.embedded_info import find_model_info, is_export_of

EngineName = Literal["auto", "onnx", "mindspore", "lite"]
_DEVICE_FILES = ("/dev/davinci_manager", "/dev/nvidiactl")  # created by the drivers of Ascend and NVIDIA


class Choice(NamedTuple):
    """An engine, and the file that it loads."""

    engine: EngineName
    path: Path


def choose_engine(
    path: Path, engine: EngineName = "auto", *, size: int | None = None, device: str = "auto"
) -> Choice:
    """Choose the engine for a model.

    ONNX Runtime runs a checkpoint through the exported file beside it (shm.onnx beside shm.ckpt), if that was
    exported from exactly this checkpoint. So does the C++ runner (shm.mindir beside shm.ckpt), for which the
    checkpoint is otherwise chosen itself: `export_for_lite` exports it, with MindSpore.

    Args:
        path: a checkpoint (.ckpt) or an exported model (.mindir, .onnx).
        engine: 'auto', or the engine to use.
        size: height and width of the input; None for the model's own.
        device: 'auto', 'Ascend', 'GPU' or 'CPU'; ONNX Runtime computes only on the CPU.

    Raises:
        UserError: the engine cannot run this model on this device, or is not installed.
    """
    if engine == "onnx" and device in ("Ascend", "GPU"):
        raise UserError(f"engine onnx: computes on the CPU, not on {device}; use mindspore")
    match path.suffix.lower():
        case ".onnx":
            choice = _require(engine, "onnx", path)
            if device in ("Ascend", "GPU"):
                raise UserError(
                    f"{path}: ONNX Runtime computes on the CPU, not on {device}; use another format"
                )
            return choice
        case ".mindir":
            choice = _require(engine, "lite" if engine == "lite" else "mindspore", path)
            return choice if engine == "lite" else _mindspore(path)
    if engine == "lite":
        return _lite(path, size)
    if engine == "mindspore":
        return _mindspore(path)
    exported = path.with_suffix(".onnx")
    problem = _problem(exported, path, size)
    if engine == "auto":
        if problem or device in ("Ascend", "GPU") or (device == "auto" and has_accelerator()):
            return _mindspore(path, problem)
        return Choice("onnx", exported)
    if problem:
        raise UserError(f"{path}: engine onnx {problem}")
    return Choice("onnx", exported)


def _require(engine: EngineName, possible: EngineName, path: Path) -> Choice:
    if engine not in ("auto", possible):
        others = "mindspore or lite" if possible == "mindspore" else possible
        raise UserError(f"{path}: engine {engine} cannot run this format; use {others}")
    return Choice(possible, path)


def _problem(exported: Path, checkpoint: Path, size: int | None) -> str:
    """Why ONNX Runtime cannot run a checkpoint; "" if it can."""
    if not find_spec("onnxruntime"):
        return "needs ONNX Runtime: pip install onnxruntime"
    if not exported.is_file() or not is_export_of(exported, checkpoint):
        return f"needs {exported}, exported from this checkpoint (export.py with export.file_format=ONNX)"
    info = find_model_info(exported)
    if size is not None and info is not None and size != info.size:
        return f"runs {exported} at its own size, {info.size}, not {size}"
    return ""


def _lite(path: Path, size: int | None) -> Choice:
    exported = path.with_suffix(".mindir")
    if exported.is_file() and is_export_of(exported, path):
        info = find_model_info(exported)
        if size is None or info is None or size == info.size:
            return Choice("lite", exported)
    if not find_spec("mindspore"):
        raise UserError(
            f"{path}: engine lite needs {exported}, exported from this checkpoint where MindSpore is "
            "installed (export.py with export.mindir_version=1)"
        )
    return Choice("lite", path)


def _mindspore(path: Path, problem: str = "") -> Choice:
    """MindSpore, if it is installed; `problem` is why ONNX Runtime does not do."""
    if not find_spec("mindspore"):
        needs = f"{path}: running it needs MindSpore (pip install -r requirements.txt)"
        raise UserError(f"{needs}: ONNX Runtime {problem}" if problem else needs)
    return Choice("mindspore", path)


def has_accelerator() -> bool:
    """Whether MindSpore may find an accelerator; it would know, but takes seconds to import."""
    return bool(find_spec("mindspore")) and any(Path(file).exists() for file in _DEVICE_FILES)
