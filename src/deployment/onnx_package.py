"""The package onnx, which exports to ONNX alone need."""

from pathlib import Path
from types import ModuleType

from src.common.errors import UserError


def import_onnx(path: Path) -> ModuleType:
    """The package onnx, which exports to ONNX alone need.

    Args:
        path: the file to be written, for the message.

    Raises:
        UserError: it is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise UserError(
            f"{path}: exporting to ONNX needs the package onnx: pip install onnx==1.17.0"
        ) from None
    return onnx
