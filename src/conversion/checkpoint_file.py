"""Converted weights as a MindSpore checkpoint, and what the model is beside it."""

from collections.abc import Mapping
from pathlib import Path

import mindspore as ms
import numpy as np

from src.common.errors import UserError
from src.model.weights import save_parameters
from src.systems.model_info import ModelInfo, write_model_info


def write_checkpoint(
    weights: Mapping[str, np.ndarray], path: str | Path, info: ModelInfo, *, half: bool = False
) -> None:
    """Write weights by name as a MindSpore checkpoint, and the model's text file beside it.

    Args:
        weights: by the network's names, in its order.
        path: ends in .ckpt.
        info: what the model is.
        half: store float16 instead of what the weights are.

    Raises:
        UserError: a weight does not fit float16, or the folder cannot be written.
    """
    if half:
        weights = {name: _halved(name, value) for name, value in weights.items()}
    save_parameters([{"name": name, "data": ms.Tensor(value)} for name, value in weights.items()], path)
    write_model_info(path, info)


def _halved(name: str, value: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    if not np.isfinite(half).all():
        raise UserError(
            f"{name} does not fit float16 (largest value {np.abs(value).max():g}); leave --half out"
        )
    return half
