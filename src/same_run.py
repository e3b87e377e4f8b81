"""Whether a resumed phase goes on as it began: what has changed in its configuration since then."""

from pathlib import Path

from src.config import Config, PhaseName, load_config, save_config
from src.errors import UserError

_CONFIG_FILE = "config.yaml"
# All else, such as paths, threads or what is saved when, leaves the weights as they would have been.
_RUN_KEYS = ("seed", "mean", "amp_level", "vertical_flip", "group_size")
_PHASE_KEYS = ("train_batch", "patch_size", "lr")


def require_same_run(phase_folder: Path, phase: PhaseName, config: Config, data_changed: bool) -> None:
    """Compare a phase's configuration with the one it was started with.

    Raises:
        UserError: they differ, and `config.resume` is not 'force'; the message shows the differences.
    """
    path = phase_folder / _CONFIG_FILE
    differences = _differences(load_config(path), config, phase) if path.is_file() else []
    if data_changed:
        differences.append("the list of training images")
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


def _differences(earlier: Config, now: Config, phase: PhaseName) -> list[str]:
    pairs = [(key, getattr(earlier, key), getattr(now, key)) for key in _RUN_KEYS]
    pairs += [
        (f"{phase}.{key}", getattr(earlier.phase(phase), key), getattr(now.phase(phase), key))
        for key in _PHASE_KEYS
    ]
    return [f"  {key}: {old} then, {new} now" for key, old, new in pairs if old != new]
