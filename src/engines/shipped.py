"""The models that come with this repository, one for each system, as far as they are there."""

from pathlib import Path

from src.common.errors import UserError
from src.description.model_info import ModelInfo
from src.description.traits import SystemName, predicts

_FOLDER = Path(__file__).resolve().parents[2] / "pretrained"
SHIPPED_MODEL = _FOLDER / "shm_portrait.ckpt"


def shipped_model(system: SystemName = "shm") -> Path:
    """The checkpoint of a system.

    Raises:
        UserError: none is shipped.
    """
    path = SHIPPED_MODEL if system == "shm" else _FOLDER / f"{system}.ckpt"
    if not path.is_file():
        made = (
            f", or make it of modnet_video: python src/get_init_weight.py {_FOLDER}/modnet_video.ckpt "
            f"--system modnet --size 288 --half --output {path}"
        )
        raise UserError(
            f"{path}: no model of system {system} comes with this project; give --checkpoint"
            f"{made if system == 'modnet' else ''}"
        )
    return path


def require_output(output: str, checkpoint: str | Path, info: ModelInfo) -> None:
    """Check that a model predicts what is needed of it: 'alpha' or 'trimap_logits'.

    Raises:
        UserError: it does not.
    """
    if predicts(output, info.system):
        return
    if output == "alpha":
        raise UserError(
            f"{checkpoint}: is a model of {info.system}, which predicts trimaps and no alpha; predict.py "
            "takes it as --trimap_model beside --trimap auto"
        )
    raise UserError(f"{checkpoint}: is a model of {info.system}, which predicts no trimaps; give a pspnet")


def require_system(checkpoint: Path, found: SystemName, wanted: SystemName) -> None:
    """Check that a model is of the system asked for.

    Args:
        checkpoint: the model, for the message.
        found: its system, by its description or the configuration.
        wanted: the one asked for.

    Raises:
        UserError: they differ.
    """
    if found != wanted:
        raise UserError(
            f"{checkpoint}: is a model of system {found}, not {wanted}; leave out --system, or give another "
            "--checkpoint"
        )
