"""What preprocess.py, postprocess.py and compare_runner.py are told of the exported model."""

import argparse

from src.config import Config
from src.inference.embedded_info import model_info_of
from src.systems.model_info import ModelInfo


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Let a command be told the exported model."""
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="the exported model, whose size and mean count (default: those of the configuration)",
    )


def exported_info(model: str | None, config: Config) -> ModelInfo:
    """What the exported model is; infer.size, where it is given, counts first.

    Raises:
        UserError: the file cannot be read.
    """
    size, otherwise = config.infer.size, config.model_info()
    if model is None:
        return otherwise.model_copy(update={"size": size or otherwise.size})
    return model_info_of(model, size=size, otherwise=otherwise)
