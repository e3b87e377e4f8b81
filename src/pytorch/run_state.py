"""The files of a run of src/pytorch/train.py: state.pth, from which it resumes, and weights.pth."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from src.common.atomic_file import atomic_path

STATE_FILE, WEIGHTS_FILE = "state.pth", "weights.pth"


def save(content: dict[str, Any], path: Path) -> None:
    """Write tensors, which survive a power cut from then on.

    Raises:
        UserError: the file cannot be written.
    """
    with atomic_path(path, flush=True) as temporary:
        torch.save(content, temporary)


def is_finite(content: Any) -> bool:
    """Whether no tensor in nested dicts has a value that is NaN or infinite."""
    return all(torch.isfinite(each).all() for each in _tensors(content))


def _tensors(content: Any) -> Iterator[torch.Tensor]:
    if isinstance(content, torch.Tensor):
        yield content
    elif isinstance(content, dict):
        for each in content.values():
            yield from _tensors(each)
