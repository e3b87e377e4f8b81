"""Conversion of the original PyTorch network's weights."""

from collections.abc import Mapping

import numpy as np

from src.conversion.torch_state_dict import COUNTER, select_entries, torch_name
from src.model.network import SHMNet

UNUSED_LAYER = "m_net.en_conv_bn_relu_5."  # the original builds it, but its forward pass never calls it


def convert_state_dict(state: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Convert a PyTorch state dict to the names and order of this network's parameters.

    Args:
        state: arrays by name.

    Returns:
        The float32 weights by name, and the names of unknown entries, which are ignored.

    Raises:
        UserError: a parameter is missing or has a different shape.
    """
    shapes = {parameter.name: tuple(parameter.shape) for parameter in SHMNet().get_parameters()}
    sources = {name: torch_name(name) for name in shapes}
    selected = select_entries(state, {sources[name]: shape for name, shape in shapes.items()}, "this network")
    unknown = [
        name
        for name in state
        if name not in selected and not name.endswith(COUNTER) and not name.startswith(UNUSED_LAYER)
    ]
    return {name: selected[source] for name, source in sources.items()}, unknown
