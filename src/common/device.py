"""The device that MindSpore runs on."""

import os

import mindspore as ms

from src.common.errors import UserError

_AUTOMATIC_ORDER = ("Ascend", "GPU", "CPU")


def use_device(target: str, save_graphs: bool = False) -> str:
    """Make MindSpore run on a device; on Ascend and GPU the variable DEVICE_ID chooses the card.

    Args:
        target: 'Ascend', 'GPU', 'CPU', or 'auto' for the first of them that is there.
        save_graphs: have MindSpore write the graphs that it compiles to the folder ir_graphs.

    Returns:
        The target in use.

    Raises:
        UserError: the device is absent, or DEVICE_ID is no number.
    """
    if target == "auto":
        target = next(name for name in _AUTOMATIC_ORDER if _is_available(name))
    elif not _is_available(target):
        raise UserError(
            f"device_target = {target}: there is no such device here, or MindSpore was installed without "
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
        raise UserError(f"DEVICE_ID = {text}: must be the number of a card, such as 0")
    return int(text)
