"""Mixed precision: what computes in float16 or bfloat16, on devices that have it.

Ascend and GPU have; there it has not been run. On a CPU all is float32.
"""

import mindspore as ms
from mindspore import nn

_FIRST_LOSS_SCALE = 2.0**16
_TYPES = {"float16": ms.float16, "bfloat16": ms.bfloat16}


def resolve_amp_level(amp_level: str, device_target: str) -> str:
    """The level in use: 'auto' is O2, but O0 (float32) on CPU, which has no fast float16."""
    if device_target == "CPU":
        if amp_level not in ("auto", "O0"):
            print(f"amp_level {amp_level}: the CPU computes in float32; going on with O0")
        return "O0"
    return "O2" if amp_level == "auto" else amp_level


def make_loss_scaler(amp_level: str, amp_dtype: str = "float16") -> ms.amp.DynamicLossScaler | None:
    """Dynamic loss scaling for float16; None for float32, and for bfloat16, which has the same range."""
    if amp_level == "O0" or amp_dtype == "bfloat16":
        return None
    return ms.amp.DynamicLossScaler(scale_value=_FIRST_LOSS_SCALE, scale_factor=2, scale_window=1000)


def mixed_precision_parts(network: nn.Cell, amp_level: str, amp_dtype: str = "float16") -> nn.Cell:
    """The parts of a network as they compute in training; call it once, since it changes their cells.

    Returns:
        What has the network's parts as attributes, their weights, inputs and outputs float32: the network
        itself at 'O0'.
    """
    if amp_level == "O0":
        return network
    parts = nn.Cell(auto_prefix=False)  # the weights keep their names
    for name, part in network.name_cells().items():
        setattr(parts, name, ms.amp.auto_mixed_precision(part, amp_level, dtype=_TYPES[amp_dtype]))
    return parts
