"""What a model is, in a small text file beside its weights: system, input size, mean, colour order.

    semantic_hm_best.ckpt
    semantic_hm_best.ckpt.yaml

Whoever runs the model need not know how it was trained. Exported models carry the same inside.
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from src.common.atomic_file import write_text
from src.common.errors import UserError
from src.common.strict_yaml import YamlError, parse_yaml
from src.systems.registry import SystemName

ChannelMean = Annotated[float, Field(ge=0, le=255)]


class ModelInfo(BaseModel):
    """How a model wants its images; the defaults are the published ones.

    Args:
        system: which network it is.
        size: height and width of its input, in pixels.
        mean: subtracted from the values 0..255 of each channel, in the order of `colour`.
        colour: order of the channels.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: SystemName = "shm"
    size: Annotated[int, Field(ge=16)] = 320
    mean: tuple[ChannelMean, ChannelMean, ChannelMean] = (114, 121, 134)
    colour: Literal["BGR"] = "BGR"


def info_path(model: str | Path) -> Path:
    """The text file of a checkpoint."""
    return Path(f"{model}.yaml")


def write_model_info(model: str | Path, info: ModelInfo) -> None:
    """Write what a checkpoint is beside it.

    Raises:
        UserError: the folder cannot be written.
    """
    write_text(info_path(model), dump_model_info(info))


def dump_model_info(info: ModelInfo) -> str:
    """What a model is as YAML, which `parse_model_info` reads back."""
    return yaml.safe_dump(info.model_dump(mode="json"), sort_keys=False)


def read_model_info(model: str | Path) -> ModelInfo | None:
    """Read what a checkpoint is; None where no text file lies beside it, as with older checkpoints.

    Raises:
        UserError: the text file cannot be read, or does not say what a model is.
    """
    path = info_path(model)
    try:
        return parse_model_info(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None


def parse_model_info(text: str, source: str | Path) -> ModelInfo:
    """Read what a model is from YAML.

    Args:
        text: the YAML.
        source: named in errors.

    Raises:
        UserError: it does not say what a model is; the message names the keys.
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
            f"{source}: does not say what the model is ({wrong}); write it again with train.py or "
            "get_init_weight.py, or remove it to use the configuration"
        ) from None
