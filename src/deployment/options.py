"""The option --model of preprocess.py and postprocess.py, for the exported model."""

import argparse
from dataclasses import replace

from src.common.errors import UserError
from src.config import CommonConfig
from src.description.model_info import ModelInfo
from src.description.traits import takes_normalised
from src.engines.embedded_info import model_info_of
from src.engines.engine import ALPHA
from src.engines.shipped import require_output


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Add the option --model, the file of the exported model."""
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="the exported model, which determines size and mean (default: those of the configuration)",
    )


def exported_info(model: str | None, config: CommonConfig) -> ModelInfo:
    """Return the exported model's metadata; infer.size overrides its size if set.

    Args:
        model: the exported model; None: use the configuration.
        config: the configuration, also for a model without metadata.

    Raises:
        UserError: the file cannot be read, or its model does not predict alpha from a photo alone.
    """
    size, otherwise = config.infer.size, config.model_info()
    if model is None:
        source, info = "the configuration", replace(otherwise, size=size or otherwise.size)
    else:
        source, info = model, model_info_of(model, size=size, otherwise=otherwise)
    require_output(ALPHA, source, info)
    if not takes_normalised(info.system):
        raise UserError(
            f"{source}: is a model of {info.system}; a list of photos is matted with shm, videos with --video"
        )
    return info
