"""Parameters in files: writing, reading, loading into a network."""

from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import Parameter, nn

from src.common.atomic_file import atomic_path, flush_to_disk
from src.common.errors import UserError
from src.common.naming import naming_file
from src.common.numbers import require_numbers
from src.description.model_info import ModelInfo, write_model_info
from src.model.foreign_files import explain_checkpoint


def save_parameters(what: nn.Cell | list[dict], path: str | Path) -> None:
    """Write a network, or entries {"name", "data"}, as a checkpoint: whole, on the disk, or not at all."""
    with atomic_path(path, flush=True) as temporary:
        ms.save_checkpoint(what, str(temporary))


def save_model(what: nn.Cell | list[dict], path: str | Path, info: ModelInfo) -> None:
    """Write a checkpoint as `save_parameters`, and the model's metadata next to it.

    The metadata is written once the weights are on the disk, just before they get their name: weights never
    exist without it, and where they cannot be written, what was there stays as it was.
    """
    with atomic_path(path) as temporary:
        ms.save_checkpoint(what, str(temporary))
        flush_to_disk(temporary)
        write_model_info(path, info)


def read_checkpoint(path: str | Path) -> dict[str, Parameter]:
    """Read all parameters of a checkpoint.

    Raises:
        UserError: the file is missing, damaged or something else; the message says what to do.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such checkpoint")
    try:
        reason = explain_checkpoint(Path(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    if reason:
        raise UserError(f"{path}: {reason}")
    try:
        return ms.load_checkpoint(str(path))
    except (ValueError, RuntimeError, TypeError):  # they say no more than that
        raise UserError(
            f"{path}: is no checkpoint, or a damaged one: copy it again, or name another"
        ) from None


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The same as float32 arrays, whatever they are stored as."""
    return {name: value.asnumpy().astype(np.float32) for name, value in read_checkpoint(path).items()}


def load_weights(cell: nn.Cell, path: str | Path) -> None:
    """Load the parameters of `cell` (a network or a part of one) from a checkpoint.

    Whatever else the checkpoint holds, such as an optimizer's moments, is left alone.

    Raises:
        UserError: the file is missing or damaged, or lacks a parameter, has it in another shape or with
            values that are no numbers.
    """
    loaded = read_checkpoint(path)
    wanted = {parameter.name: parameter for parameter in cell.get_parameters()}
    missing = [name for name in wanted if name not in loaded]
    if missing:
        raise UserError(
            f"{path}: holds no checkpoint of this network: {len(missing)} of {len(wanted)} parameters are "
            f"missing, the first is {missing[0]}"
        )
    for name, parameter in wanted.items():
        if loaded[name].shape != parameter.shape:
            raise UserError(
                f"{path}: {name} has the shape {tuple(loaded[name].shape)}, "
                f"but the network's is {tuple(parameter.shape)}"
            )
        with naming_file(path):
            require_numbers(name, loaded[name].astype(ms.float32).asnumpy())
    for name, parameter in wanted.items():
        parameter.set_data(loaded[name].astype(parameter.dtype))
