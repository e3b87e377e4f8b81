"""The weights that a run of src/pytorch/train.py starts from."""

from collections.abc import Callable

import torch
from torch import nn

from src.common.errors import UserError
from src.common.naming import naming_file
from src.conversion.torch_state_dict import COUNTER, read_torch_state_dict, select_all
from src.pytorch.phases import PHASES, State


def start_from(path: str, network: nn.Module, phase: str) -> None:
    """Load the weights of a file into the network of a phase.

    Raises:
        UserError: the file cannot be read, or its weights are not those of the network; the message names it.
    """
    own = network.state_dict().items()
    shapes = {name: tuple(value.shape) for name, value in own if not name.endswith(COUNTER)}
    state = read_weights(path, PHASES[phase].torch_state)
    with naming_file(path):
        same_names = dict(zip(shapes, shapes, strict=True))
        weights = select_all(state, same_names, shapes, f"the network of phase {phase}")
    tensors = {name: torch.from_numpy(value) for name, value in weights.items()}
    network.load_state_dict(tensors, strict=False)  # counters have no part in it


def read_weights(path: str, torch_state: Callable[[State], State]) -> State:
    """Read the weights of an earlier phase (.pth) or a MindSpore checkpoint (.ckpt), by PyTorch's names.

    Args:
        path: the file.
        torch_state: makes PyTorch's state dict of the weights of a checkpoint.

    Raises:
        UserError: the file cannot be read, or is a checkpoint of another system.
    """
    if not path.endswith(".ckpt"):
        return read_torch_state_dict(path)
    from src.model.weights import read_arrays  # needs MindSpore

    try:
        return torch_state(read_arrays(path))
    except KeyError as error:
        raise UserError(f"{path}: is of another system: no weights of {error}") from None
