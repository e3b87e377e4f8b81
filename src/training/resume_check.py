"""Whether a resumed phase goes on as it began: what has changed in configuration and data since then."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from src.common.errors import UserError
from src.config import Config, load_config, save_config
from src.training.checkpoint import Progress

_CONFIG_FILE = "config.yaml"
# All else, such as paths, threads or what is saved when, leaves the weights as they would have been.
_RUN_KEYS = ("system", "seed", "mean", "amp_level", "amp_dtype", "vertical_flip", "group_size")
_PHASE_KEYS = ("train_batch", "patch_size", "lr", "lr_schedule", "warmup_steps", "ema_decay")
_KEYS_OF_SCORE = ("mean", "patch_size")


class Difference(NamedTuple):
    """Something that decides how weights come out, and was another when the phase began."""

    text: str
    changes_score: bool  # scores from before cannot be compared with later ones


def mark_of(names: Sequence[str]) -> int:
    """A number that tells one list of samples from another."""
    return zlib.crc32("\n".join(names).encode())


def changed_settings(phase_folder: Path, phase: str, config: Config) -> list[Difference]:
    """The settings that were others when the phase began."""
    path = phase_folder / _CONFIG_FILE
    if not path.is_file():
        return []
    earlier = load_config(path)
    differences = []
    phase_keys = _PHASE_KEYS
    if "cosine" in (each.phase(phase).lr_schedule for each in (earlier, config)):
        phase_keys = (*phase_keys, "nEpochs")  # stretches the curve
    for key in (*_RUN_KEYS, *phase_keys):
        of_phase = key in phase_keys
        old, new = (getattr(each.phase(phase) if of_phase else each, key) for each in (earlier, config))
        if old != new:
            name = f"{phase}.{key}" if of_phase else key
            differences.append(Difference(f"{name}: {old} then, {new} now", key in _KEYS_OF_SCORE))
    return differences


def changed_data(earlier: Progress, train_mark: int, eval_mark: int) -> list[Difference]:
    """The lists of samples that were others when the progress was saved."""
    differences = []
    if earlier.train_mark != train_mark:
        differences.append(Difference("the list of training images", False))
    if earlier.eval_mark != eval_mark:
        differences.append(Difference("the list of validation images", True))
    return differences


def require_force(phase: str, differences: Sequence[Difference], config: Config) -> None:
    """Show the differences, if there are any.

    Raises:
        UserError: there are, and `config.resume` is not 'force'.
    """
    if not differences:
        return
    lines = [f"  {each.text}" for each in differences]
    text = "\n".join([f"{phase} goes on with another configuration than it began with:", *lines])
    if config.resume != "force":
        raise UserError(
            f"{text}\nput back what was changed, set another ckpt_version to start afresh, or go on all the "
            "same with --set resume=force"
        )
    print(text)


def remember_run(phase_folder: Path, config: Config) -> None:
    """Write the configuration that later runs are compared with."""
    save_config(config, phase_folder / _CONFIG_FILE)
