"""Whether a resumed phase goes on as it began: what has changed in its configuration since then."""

from collections.abc import Sequence
from pathlib import Path

from src.config import Config, PhaseName, load_config, save_config
from src.errors import UserError

_CONFIG_FILE = "config.yaml"
# All else, such as paths, threads or what is saved when, leaves the weights as they would have been.
_RUN_KEYS = ("seed", "mean", "amp_level", "vertical_flip", "group_size")
_PHASE_KEYS = ("train_batch", "patch_size", "lr")


def differences_from_start(phase_folder: Path, phase: PhaseName, config: Config) -> list[str]:
    """A line for every setting that decides how weights come out and was another when the phase began."""
    path = phase_folder / _CONFIG_FILE
    if not path.is_file():
        return []
    earlier = load_config(path)
    pairs = [(key, getattr(earlier, key), getattr(config, key)) for key in _RUN_KEYS]
    pairs += [
        (f"{phase}.{key}", getattr(earlier.phase(phase), key), getattr(config.phase(phase), key))
        for key in _PHASE_KEYS
    ]
    return [f"  {key}: {old} then, {new} now" for key, old, new in pairs if old != new]


def require_force(phase: PhaseName, differences: Sequence[str], config: Config) -> None:
    """Show the differences, if there are any.

    Raises:
        UserError: there are, and `config.resume` is not 'force'.
    """
    if not differences:
        return
    text = "\n".join([f"{phase} goes on with another configuration than it began with:", *differences])
    if config.resume != "force":
        raise UserError(
            f"{text}\nput back what was changed, set another ckpt_version to start afresh, or go on all the "
            "same with --set resume=force"
        )
    print(text)


def remember_run(phase_folder: Path, config: Config) -> None:
    """Write the configuration that later runs are compared with."""
    save_config(config, phase_folder / _CONFIG_FILE)
