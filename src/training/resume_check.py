"""Checks whether configuration or data have changed since a phase began."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from src.common.errors import UserError
from src.common.names import as_bytes
from src.config import CommonConfig, load_config, save_config
from src.training.checkpoint import Progress

_CONFIG_FILE = "config.yaml"
# Other keys, such as paths, threads and save intervals, do not affect the weights; not every system has all
# of these.
_RUN_KEYS = ("system", "seed", "mean", "letterbox", "amp_level", "amp_dtype", "vertical_flip", "group_size")
_PHASE_KEYS = ("train_batch", "patch_size", "lr", "lr_schedule", "lr_decay_epochs")
_PHASE_KEYS += ("warmup_steps", "ema_decay", "freeze_statistics", "pyramid_weight", "use_laplacian")
_KEYS_OF_SCORE = ("mean", "letterbox", "patch_size")


class Difference(NamedTuple):
    """A setting or list that affects the weights and has changed since the phase began."""

    text: str
    changes_score: bool  # earlier scores cannot be compared with later ones


def mark_of(names: Sequence[str]) -> int:
    """Return a checksum of a list of samples."""
    return zlib.crc32(as_bytes("\n".join(names)))


def changed_settings(phase_folder: Path, phase: str, config: CommonConfig) -> list[Difference]:
    """Find the settings that have changed since the phase began.

    Args:
        phase_folder: the phase's output folder, with the configuration of the earlier run.
        phase: name of the phase.
        config: the current configuration.

    Raises:
        UserError: the earlier configuration cannot be read.
    """
    path = phase_folder / _CONFIG_FILE
    if not path.is_file():
        return []
    earlier = load_config(path)
    differences = []
    phase_keys = [key for key in _PHASE_KEYS if hasattr(config.phase(phase), key)]
    if "cosine" in (each.phase(phase).lr_schedule for each in (earlier, config)):
        phase_keys.append("nEpochs")  # the number of epochs stretches the curve
    for key in (*_RUN_KEYS, *phase_keys):
        of_phase = key in phase_keys
        old, new = (getattr(each.phase(phase) if of_phase else each, key, None) for each in (earlier, config))
        if old != new:
            name = f"{phase}.{key}" if of_phase else key
            differences.append(Difference(f"{name}: {old} then, {new} now", key in _KEYS_OF_SCORE))
    return differences


def changed_data(earlier: Progress, train_mark: int, eval_mark: int) -> list[Difference]:
    """Find the lists of samples that have changed since the progress was saved."""
    differences = []
    if earlier.train_mark != train_mark:
        differences.append(Difference("the list of training images", False))
    if earlier.eval_mark != eval_mark:
        differences.append(Difference("the list of validation images", True))
    return differences


def require_force(phase: str, differences: Sequence[Difference], config: CommonConfig) -> None:
    """Print the differences, if there are any.

    Raises:
        UserError: there are differences, and `config.resume` is not 'force'.
    """
    if not differences:
        return
    lines = [f"  {each.text}" for each in differences]
    text = "\n".join([f"{phase}: configuration or data have changed since the phase began:", *lines])
    if config.resume != "force":
        raise UserError(
            f"{text}\nundo these changes, set another ckpt_version to start afresh, or resume anyway with "
            "--set resume=force"
        )
    print(text)


def remember_run(phase_folder: Path, config: CommonConfig) -> None:
    """Save the configuration, for comparison with later runs."""
    save_config(config, phase_folder / _CONFIG_FILE)
