"""PyTorch state dicts: reading, parameter names, and selecting the entries that a network needs."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from src.common.errors import UserError
from src.common.numbers import require_numbers
from src.conversion.torch_archive import ArchiveError, read_archive
from src.model.foreign_files import explain, is_of_pytorch

# Only the parameters of batch normalisation have different names.
_TORCH_NAMES = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
_ENTRIES = ("state_dict", "model_state", "model")  # of a dict with more than the weights
_PARALLEL_PREFIX = "module."  # from torch.nn.DataParallel
COUNTER = ".num_batches_tracked"
_NAMES_SHOWN = 10


def torch_name(name: str) -> str:
    """Return the PyTorch name of a MindSpore parameter."""
    layer, _, kind = name.rpartition(".")
    return f"{layer}.{_TORCH_NAMES.get(kind, kind)}"


def read_torch_state_dict(path: str | Path) -> dict[str, np.ndarray]:
    """Read a state dict, plain or as an entry of a dict, without running code from the file.

    The entry is called `state_dict`, `model_state` or `model`.

    Returns:
        Float32 arrays by name, with the prefix `module.` removed.

    Raises:
        UserError: the file is missing, damaged or no state dict, or is of before PyTorch 1.6, and PyTorch is
            not installed.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    if Path(path).suffix.lower() in (".ckpt", ".mindir") and not is_of_pytorch(Path(path)):
        raise UserError(f"{path}: is a model of MindSpore already; train.py --init_weight takes checkpoints")
    reason = None if is_of_pytorch(Path(path)) else explain(Path(path))
    if reason:
        raise UserError(f"{path}: {reason}")
    try:
        content = read_archive(Path(path)) if zipfile.is_zipfile(path) else _read_legacy(path)
    except ArchiveError as error:
        raise UserError(
            f"{path}: is damaged, or holds more than a state dict ({error}); save it again in PyTorch with "
            "torch.save(model.state_dict(), ...)"
        ) from None
    state = content
    if isinstance(content, dict):
        state = next((content[name] for name in _ENTRIES if name in content), content)
    if not isinstance(state, dict) or not all(
        isinstance(name, str) and isinstance(value, np.ndarray) for name, value in state.items()
    ):
        raise UserError(f"{path}: holds no state dict, either plain or as its entry {' or '.join(_ENTRIES)}")
    return {name.removeprefix(_PARALLEL_PREFIX): value.astype(np.float32) for name, value in state.items()}


def _read_legacy(path: str | Path) -> Any:
    """Read the format before PyTorch 1.6; tensors become arrays."""
    try:
        import torch
    except ImportError:
        raise UserError(
            f"{path}: PyTorch is needed to read this old format; install it with: pip install torch"
        ) from None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged files fail in many ways
        raise ArchiveError(type(error).__name__) from None
    return _arrays(content)


def _arrays(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _arrays(value) for name, value in content.items()}
    return content.detach().float().numpy() if hasattr(content, "detach") else content


def select_entries(
    state: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]], network: str
) -> dict[str, np.ndarray]:
    """Select the entries that a network needs, in its order, as float32.

    Args:
        state: arrays by name.
        shapes: shapes of the needed entries by name.
        network: name of the network for error messages.

    Raises:
        UserError: an entry is missing, has another shape or holds values that are no numbers; the message
            names it.
    """
    missing = [name for name in shapes if name not in state]
    if missing:
        raise UserError(
            f"does not hold all weights of {network}; missing {len(missing)} of {len(shapes)}: "
            f"{listed(missing)}"
        )
    wrong = [
        f"{name} is {state[name].shape}, not {shape}"
        for name, shape in shapes.items()
        if state[name].shape != shape
    ]
    if wrong:
        raise UserError(f"has weights of another shape than those of {network}: {listed(wrong)}")
    for name in shapes:
        require_numbers(name, state[name])
    return {name: np.asarray(state[name], np.float32) for name in shapes}


def select_all(
    state: Mapping[str, np.ndarray],
    names: Mapping[str, str],
    shapes: Mapping[str, tuple[int, ...]],
    network: str,
) -> dict[str, np.ndarray]:
    """Select all entries of a state dict, but for counters, by the names that a network gives them.

    Args:
        state: arrays by name.
        names: their names by those of the network.
        shapes: shapes by the network's names, which may be more.
        network: its name for error messages.

    Raises:
        UserError: as `select_entries`, or the network lacks an entry; the message names it.
    """
    selected = select_entries(state, {source: shapes[name] for name, source in names.items()}, network)
    surplus = [name for name in state if name not in selected and not name.endswith(COUNTER)]
    if surplus:
        raise UserError(f"has weights that {network} lacks: {listed(surplus)}")
    return {name: selected[source] for name, source in names.items()}


def listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
