"""The available matting systems, by name."""

from typing import TYPE_CHECKING, get_args

from src.common.errors import UserError
from src.description.traits import BackgroundMattingName, SystemName

if TYPE_CHECKING:
    from src.systems.system import System


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
        case "pspnet":
            from src.systems.pspnet import PSPNET

            return PSPNET
        case _ if name in get_args(BackgroundMattingName):
            from src.systems.background_matting import SYSTEMS

            return SYSTEMS[name]
        case _:
            names = ", ".join(get_args(SystemName))
            raise UserError(f"system = {name}: there is no such system; choose from {names}")
