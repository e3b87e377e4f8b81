"""Loading weights, and choosing which a training phase starts from."""

from collections.abc import Sequence
from pathlib import Path

import mindspore as ms
from mindspore import nn

from src.checkpoint import best_or_newest_weights
from src.errors import UserError
from src.model.network import SHMNet


def load_network(path: str | Path) -> SHMNet:
    """The end-to-end network in evaluation mode with a checkpoint's weights; errors as `load_weights`."""
    network = SHMNet()
    load_weights(network, path)
    network.set_train(False)
    return network


def load_weights(cell: nn.Cell, path: str | Path) -> None:
    """Load the parameters of `cell` (a network or a part of one) from a checkpoint.

    Whatever else the checkpoint holds, such as an optimizer's moments, is left alone.

    Raises:
        UserError: the file is missing or damaged, or lacks a parameter or has it in another shape.
    """
    loaded = _read_checkpoint(path)
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
        parameter.set_data(loaded[name].astype(parameter.dtype))


def load_earlier_weights(
    network: SHMNet, phase: str, run_folder: Path, init_weight: str | None
) -> Sequence[str]:
    """Load what a phase that has no checkpoint of its own starts from.

    These are the weights of --init_weight; for the end-to-end phase, T-Net and M-Net from their own
    phases where these have run. What neither gives stays as it is.

    Returns:
        What was loaded, for people to read.
    """
    origins = []
    if init_weight:
        load_weights(network, init_weight)
        origins.append(f"all weights from {init_weight}")
    if phase == "end_to_end":
        for cell, name, earlier in (
            (network.t_net, "T-Net", "pre_train_t_net"),
            (network.m_net, "M-Net", "pre_train_m_net"),
        ):
            path = best_or_newest_weights(run_folder / earlier)
            if path:
                load_weights(cell, path)
                origins.append(f"{name} from {path}")
    return origins or ["fresh weights"]


def _read_checkpoint(path: str | Path) -> dict[str, ms.Parameter]:
    if not Path(path).is_file():
        raise UserError(f"{path}: no such checkpoint")
    try:
        return ms.load_checkpoint(str(path))
    except (ValueError, RuntimeError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{path}: is no checkpoint, or a damaged one: {reason}") from None
