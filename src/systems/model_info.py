"""A model's metadata, in a small text file next to its weights: system, input size, mean, colour order.

    semantic_hm_best.ckpt
    semantic_hm_best.ckpt.yaml

With it, a model can be used without knowing how it was trained. Exported models have it embedded.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from src.common.atomic_file import write_text
from src.common.errors import UserError
from src.common.strict_yaml import YamlError, dump_yaml, parse_yaml
from src.systems.plate_form import PlateForm
from src.systems.registry import SystemName, needs_plate, takes_normalised

MODNET_MEAN = (127.5, 127.5, 127.5)
NO_MEAN = (0, 0, 0)
ChannelMean = Annotated[float, Field(ge=0, le=255)]


class ModelInfo(BaseModel):
    """A model's metadata; the defaults are the system's published values.

    The input of SHM and PSPNet is (BGR - mean) / 255; of MODNet (RGB - 127.5) / 127.5, which its exported
    files compute; of Background Matting V2 RGB / 255 of any size, and `size` is that of its training.

    Args:
        system: name of the system.
        size: height and width of the network's input, in pixels.
        mean: subtracted from the values 0..255 of each channel, in the order of `colour`.
        colour: order of the channels.
        plate_form: of an exported model of Background Matting V2, what it was made for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: SystemName = "shm"
    size: Annotated[int, Field(ge=16)] = 320
    mean: tuple[ChannelMean, ChannelMean, ChannelMean] = (114, 121, 134)
    colour: Literal["BGR", "RGB"] = "BGR"
    plate_form: PlateForm | None = None

    @model_validator(mode="before")
    @classmethod
    def _defaults_are_those_of_the_system(cls, values: Any) -> Any:
        system = values.get("system") if isinstance(values, dict) else None
        if system == "pspnet":
            return {"size": 400, **values}
        if system in ("modnet", "modnet_video") or needs_plate(system):
            return {"size": 512, "mean": _mean_of(system), "colour": "RGB", **values}
        return values

    @model_validator(mode="after")
    def _normalisation_is_that_of_the_system(self) -> "ModelInfo":
        if takes_normalised(self.system):
            if self.colour != "BGR":
                raise ValueError(f"colour: must be BGR for {self.system}")
        elif self.colour != "RGB" or self.mean != _mean_of(self.system):
            raise ValueError(f"mean, colour: must be {list(_mean_of(self.system))} and RGB for {self.system}")
        return self


def _mean_of(system: SystemName) -> tuple[float, float, float]:
    return NO_MEAN if needs_plate(system) else MODNET_MEAN


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
    return dump_yaml(info.model_dump(mode="json", exclude_none=True))


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
        return ModelInfo.model_validate(parse_yaml(text))
    except YamlError as error:
        raise UserError(f"{source}: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg'].lower()}" for e in error.errors()
        )
        raise UserError(
            f"{source}: is not a valid description of a model ({wrong}); write it again with train.py or "
            "get_init_weight.py, or remove it to use the configuration"
        ) from None
