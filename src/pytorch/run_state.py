"""The files of a run of src/pytorch/train.py: state.pth, from which it resumes, and weights.pth."""

import argparse
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from src.common.atomic_file import atomic_path
from src.common.errors import UserError

STATE_FILE, WEIGHTS_FILE = "state.pth", "weights.pth"
# Options that affect the weights. The length of a run is free.
_SETTINGS = ("size", "batch", "lr", "seed", "pyramid_weight", "vary_light", "freeze_statistics", "bfloat16")
_INIT = "init"
_ENTRIES = {"step", "mean", "network", "optimizer"}

Settings = dict[str, int | float | bool | str | None]


def settings_of(options: argparse.Namespace, earlier: Mapping[str, Any]) -> Settings:
    """What a run remembers of its options.

    Args:
        options: those of this run.
        earlier: what the state remembers that it resumes from; empty where it begins, or where older code
            saved that state.
    """
    settings = {name: value for name, value in vars(options).items() if name in _SETTINGS}
    init = str(Path(options.init).absolute()) if options.init else earlier.get(_INIT)
    return {**settings, _INIT: init}


def read_state(path: Path, options: argparse.Namespace, device: str) -> dict[str, Any]:
    """Read a state, which must be one of a run with these options.

    Raises:
        UserError: it is damaged, of another phase or of other settings, or holds values that are NaN or
            infinite; the message names the file.
    """
    try:
        state = torch.load(path, weights_only=True, map_location=device)
    except Exception as error:  # damaged files fail in many ways
        raise _unusable(path, f"cannot be read, or is damaged ({type(error).__name__})") from None
    if not isinstance(state, dict) or not state.keys() >= _ENTRIES:
        raise _unusable(path, "is no state of this program")
    if state.get("phase", options.phase) != options.phase:
        raise UserError(f"{path}: of phase {state['phase']}, not {options.phase}; use another folder")
    _require_same_settings(path, state.get("settings", {}), options)
    if not is_finite(state):
        raise UserError(
            f"{path}: holds values that are NaN or infinite, training has diverged; use another folder, and "
            "a lower --lr"
        )
    return state


def _unusable(path: Path, what: str) -> UserError:
    return UserError(
        f"{path}: {what}; move it away to begin anew, with --init {path.with_name(WEIGHTS_FILE)} from the "
        "weights that were saved last"
    )


def _require_same_settings(path: Path, earlier: Mapping[str, Any], options: argparse.Namespace) -> None:
    now = settings_of(options, earlier)
    changed = [f"--{name} {old} then, {now[name]} now" for name, old in earlier.items() if now[name] != old]
    if changed:
        raise UserError(
            f"{path}: this run was begun with other options: {'; '.join(changed)}; take the earlier ones "
            f"(--{_INIT} can be left out), or another folder"
        )


def save(content: dict[str, Any], path: Path) -> None:
    """Write tensors, which survive a power cut from then on.

    Raises:
        UserError: the file cannot be written.
    """
    archive = io.BytesIO()  # for a full disk, torch.save raises no OSError
    torch.save(content, archive)
    with atomic_path(path, flush=True) as temporary:
        temporary.write_bytes(archive.getbuffer())


def is_finite(content: Any) -> bool:
    """Whether no tensor in nested dicts has a value that is NaN or infinite."""
    return all(torch.isfinite(each).all() for each in _tensors(content))


def _tensors(content: Any) -> Iterator[torch.Tensor]:
    if isinstance(content, torch.Tensor):
        yield content
    elif isinstance(content, dict):
        for each in content.values():
            yield from _tensors(each)
