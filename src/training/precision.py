"""Mixed precision in float16 or bfloat16, on Ascend and GPU (not tested there); float32 on CPU."""

import mindspore as ms
from mindspore import nn

from src.model.layers import InFloat32

_FIRST_LOSS_SCALE = 2.0**16
_TYPES = {"float16": ms.float16, "bfloat16": ms.bfloat16}


def resolve_amp_level(amp_level: str, device_target: str) -> str:
    """Resolve the level: 'auto' becomes O2; on CPU, which has no fast float16, every level becomes O0."""
    if device_target == "CPU":
        if amp_level not in ("auto", "O0"):
            print(f"amp_level {amp_level}: the CPU computes in float32; using O0")
        return "O0"
    return "O2" if amp_level == "auto" else amp_level


def make_loss_scaler(amp_level: str, amp_dtype: str = "float16") -> ms.amp.DynamicLossScaler | None:
    """Make dynamic loss scaling for float16; None for float32 and bfloat16, which have the same range."""
    if amp_level == "O0" or amp_dtype == "bfloat16":
        return None
    return ms.amp.DynamicLossScaler(scale_value=_FIRST_LOSS_SCALE, scale_factor=2, scale_window=1000)


def mixed_precision_parts(network: nn.Cell, amp_level: str, amp_dtype: str = "float16") -> nn.Cell:
    """Convert the parts of a network to mixed precision; call it only once, since it changes their cells.

    Args:
        network: the network with float32 weights.
        amp_level: 'O0', 'O2' or 'O3'.
        amp_dtype: 'float16' or 'bfloat16'.

    Returns:
        A cell with the network's parts as attributes; their weights, inputs and outputs are float32. At 'O0',
        the network itself.
    """
    if amp_level == "O0":
        return network
    parts = nn.Cell(auto_prefix=False)  # the weights keep their names
    in_float32 = [] if amp_level == "O3" else [*ms.amp.get_black_list(), InFloat32]
    for name, part in network.name_cells().items():
        mixed = ms.amp.custom_mixed_precision(part, black_list=in_float32, dtype=_TYPES[amp_dtype])
        setattr(parts, name, mixed)
    return parts
