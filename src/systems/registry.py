"""The available matting systems, by name."""

from typing import TYPE_CHECKING, Literal, get_args

from src.common.errors import UserError

if TYPE_CHECKING:
    from src.systems.system import System

SystemName = Literal["shm", "modnet", "modnet_video"]
_SIZE_MULTIPLES = {"shm": 16, "modnet": 32, "modnet_video": 32}  # networks halve their input 4 or 5 times


def check_input_size(size: int, system: SystemName = "shm") -> int:
    """Return the height and width of a system's input.

    Raises:
        ValueError: the system takes no input of this size.
    """
    multiple = _SIZE_MULTIPLES[system]
    if size < multiple or size % multiple:
        raise ValueError(f"must be a multiple of {multiple}")
    return size


def input_channels(system: SystemName) -> int:
    """Number of the network's input channels: colours, and in videos the alpha of the frame before."""
    return 4 if system == "modnet_video" else 3


def get_system(name: str) -> "System":
    """Return the system of a name.

    Raises:
        UserError: there is no such system.
    """
    # Imported only here, since MindSpore takes seconds to import and is not needed for the names.
    match name:
        case "shm":
            from src.systems.shm import SHM

            return SHM
        case "modnet":
            from src.systems.modnet import MODNET

            return MODNET
        case "modnet_video":
            from src.systems.modnet import MODNET_VIDEO

            return MODNET_VIDEO
        case _:
            names = ", ".join(get_args(SystemName))
            raise UserError(f"system = {name}: there is no such system; choose from {names}")
