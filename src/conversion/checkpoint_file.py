"""Writes converted weights as a MindSpore checkpoint, with the model's metadata."""

from collections.abc import Mapping
from pathlib import Path

import mindspore as ms
import numpy as np

from src.common.errors import UserError
from src.description.model_info import ModelInfo
from src.model.weights import save_model


def write_checkpoint(
    weights: Mapping[str, np.ndarray], path: str | Path, info: ModelInfo, *, half: bool = False
) -> None:
    """Write weights as a MindSpore checkpoint, and the model's metadata as a text file next to it.

    Args:
        weights: arrays by parameter name, in the network's order.
        path: the checkpoint, ending in .ckpt.
        info: the model's metadata.
        half: whether to store float16 instead of the weights' own type.

    Raises:
        UserError: a weight exceeds the range of float16, or the folder cannot be written.
    """
    if half:
        weights = {name: _halved(name, value) for name, value in weights.items()}
    save_model([{"name": name, "data": ms.Tensor(value)} for name, value in weights.items()], path, info)


def _halved(name: str, value: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    if not np.isfinite(half).all():
        raise UserError(
            f"{name} exceeds the range of float16 (largest value {np.abs(value).max():g}); leave out --half"
        )
    return half
