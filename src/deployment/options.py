"""The option --model of preprocess.py and postprocess.py, for the exported model."""

import argparse
from dataclasses import replace

from src.config import CommonConfig
from src.engines.embedded_info import model_info_of
from src.engines.engine import ALPHA
from src.engines.shipped import require_output
from src.systems.model_info import ModelInfo


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
        UserError: the file cannot be read, or its model predicts no alpha.
    """
    size, otherwise = config.infer.size, config.model_info()
    if model is None:
        return replace(otherwise, size=size or otherwise.size)
    info = model_info_of(model, size=size, otherwise=otherwise)
    require_output(ALPHA, model, info)
    return info
