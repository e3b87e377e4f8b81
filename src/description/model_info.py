"""A model's metadata, in a small text file next to its weights: system, input size, mean, colour order.

    semantic_hm_best.ckpt
    semantic_hm_best.ckpt.yaml

With it, a model can be used without knowing how it was trained. Exported models have it embedded.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from src.common.atomic_file import write_text
from src.common.errors import UserError
from src.common.strict_yaml import YamlError, dump_yaml, parse_yaml
from src.common.text_values import choice_of, list_of, number, read_keys, whole_number
from src.description.plate_form import PlateForm, read_plate_form
from src.description.traits import SystemName, needs_plate, takes_normalised
from src.images.letterbox import PUBLISHED_MEAN

MODNET_MEAN = (127.5, 127.5, 127.5)
NO_MEAN = (0.0, 0.0, 0.0)
Colour = Literal["BGR", "RGB"]


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """A model's metadata; the defaults are the system's published values.

    The input of SHM and PSPNet is (BGR - mean) / 255; of MODNet (RGB - 127.5) / 127.5, which its exported
    files compute; of Background Matting V2 RGB / 255 of any size, and `size` is that of its training.

    Args:
        system: name of the system.
        size: height and width of the network's input, in pixels.
        mean: subtracted from the values 0..255 of each channel, in the order of `colour`.
        colour: order of the channels.
        plate_form: of an exported model of Background Matting V2, what it was made for.

    Raises:
        ValueError: mean or colour are not those of the system.
    """

    system: SystemName = "shm"
    size: int = None  # here and below, None stands for the system's own
    mean: tuple[float, float, float] = None
    colour: Colour = None
    plate_form: PlateForm | None = None

    def __post_init__(self):
        for name, value in _published(self.system).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        if takes_normalised(self.system):
            if self.colour != "BGR":
                raise ValueError(f"colour: must be BGR for {self.system}")
        elif self.colour != "RGB" or self.mean != _mean_of(self.system):
            raise ValueError(f"mean, colour: must be {list(_mean_of(self.system))} and RGB for {self.system}")


def _published(system: SystemName) -> dict[str, object]:
    if takes_normalised(system):
        return {"size": 400 if system == "pspnet" else 320, "mean": PUBLISHED_MEAN, "colour": "BGR"}
    return {"size": 512, "mean": _mean_of(system), "colour": "RGB"}


def _mean_of(system: SystemName) -> tuple[float, float, float]:
    return NO_MEAN if needs_plate(system) else MODNET_MEAN


_READERS = {
    "system": choice_of(get_args(SystemName)),
    "size": whole_number(16),
    "mean": list_of(3, number(lambda value: 0 <= value <= 255, "from 0 to 255")),
    "colour": choice_of(get_args(Colour)),
    "plate_form": read_plate_form,
}


def info_path(model: str | Path) -> Path:
    """The path of a checkpoint's metadata file."""
    return Path(f"{model}.yaml")


def write_model_info(model: str | Path, info: ModelInfo) -> None:
    """Write a checkpoint's metadata file.

    Raises:
        UserError: the folder cannot be written.
    """
    write_text(info_path(model), dump_model_info(info))


def dump_model_info(info: ModelInfo) -> str:
    """Format metadata as YAML, the inverse of `parse_model_info`."""
    values = asdict(info, dict_factory=lambda pairs: {key: each for key, each in pairs if each is not None})
    return dump_yaml({**values, "mean": [float(value) for value in info.mean]})


def read_model_info(model: str | Path) -> ModelInfo | None:
    """Read a checkpoint's metadata; None if it has no metadata file, like older checkpoints.

    Raises:
        UserError: the file cannot be read, or its contents are invalid.
    """
    path = info_path(model)
    try:
        return parse_model_info(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None


def parse_model_info(text: str, source: str | Path) -> ModelInfo:
    """Parse a model's metadata from YAML.

    Args:
        text: the YAML.
        source: the file, for error messages.

    Raises:
        UserError: the metadata is invalid; the message names the keys.
    """
    try:
        return ModelInfo(**read_keys(parse_yaml(text), _READERS))
    except YamlError as error:
        raise UserError(f"{source}: {error}") from None
    except ValueError as error:
        raise UserError(
            f"{source}: is not a valid description of a model ({error}); write it again with train.py or "
            "get_init_weight.py, or remove it to use the configuration"
        ) from None
