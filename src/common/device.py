"""Selects the device that MindSpore runs on."""

import os

import mindspore as ms

from src.common.errors import UserError

_AUTOMATIC_ORDER = ("Ascend", "GPU", "CPU")


def use_device(target: str, save_graphs: bool = False) -> str:
    """Run MindSpore on a device; on Ascend and GPU the environment variable DEVICE_ID selects the card.

    Args:
        target: 'Ascend', 'GPU', 'CPU', or 'auto' for the first of these that is available.
        save_graphs: save the compiled graphs in the folder ir_graphs.

    Returns:
        The selected target.

    Raises:
        UserError: the device is not available, or DEVICE_ID is not a number.
    """
    if target == "auto":
        target = next(name for name in _AUTOMATIC_ORDER if _is_available(name))
    elif not _is_available(target):
        raise UserError(
            f"device_target = {target}: this machine has no such device, or MindSpore was installed without "
            "support for it; set device_target to auto or CPU"
        )
    if target == "CPU":
        ms.set_device("CPU")
    else:
        ms.set_device(target, _device_id())
    if save_graphs:
        ms.set_context(save_graphs=2, save_graphs_path="ir_graphs")
    return target


def _is_available(target: str) -> bool:
    return getattr(ms.device_context, target.lower()).is_available()


def _device_id() -> int:
    text = os.environ.get("DEVICE_ID", "0")
    if not text.isdecimal():
        raise UserError(f"DEVICE_ID = {text}: must be a card number, such as 0")
    return int(text)
