"""The flags of predict.py for a camera."""

import argparse
from typing import get_args

from src.common.errors import UserError
from src.description.model_info import ModelInfo
from src.engines.plate_engine import open_plate_engine, require_plate_system
from src.inference.matting import load_matting
from src.live.live_frame import View
from src.plates.matting import PlateMatting
from src.plates.preparation import PlatePreparation
from src.streams.temporal import usual_way

_PORT = 8000
_NEEDS_PACKAGE = "cameras need an extra package: pip install -r requirements-predict.txt"
_OF_FILES = ("inputs", "output", "overwrite", "shard", "trimap")


def add_live_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument(
        "--camera",
        metavar="WHICH",
        help="matte a camera's pictures as they come: its number or device, or a video that plays as one",
    )
    parser.add_argument(
        "--preview",
        metavar="PORT",
        type=int,
        nargs="?",
        const=_PORT,
        help=f"show the camera and its composite in a browser of this machine (default port: {_PORT})",
    )
    parser.add_argument(
        "--view",
        choices=get_args(View),
        help="what the camera shows: the whole frame, or the square in its middle (default: whole)",
    )


def is_live(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> bool:
    """Whether a camera is asked for; ends the program where flags do not go together."""
    if arguments.camera is None:
        if arguments.preview is not None or arguments.view is not None:
            parser.error("--preview and --view are for --camera")
        if not arguments.inputs:
            parser.error("the following arguments are required: PATH, or --camera")
        return False
    if arguments.preview is None:
        parser.error("--camera shows its pictures in a browser: add --preview")
    unused = ["PATH" if name == "inputs" else f"--{name}" for name in _OF_FILES if getattr(arguments, name)]
    if unused:
        parser.error(f"not with --camera, which writes no files: {', '.join(unused)}")
    return True


def run_live_with_plate(arguments: argparse.Namespace) -> int:
    """Matte live with a plate.

    Args:
        arguments: of the command line.

    Raises:
        UserError: as `open_plate_engine` and `live_with_plate`.
    """
    try:
        from src.live.with_plate import live_with_plate
    except ImportError:
        raise UserError(_NEEDS_PACKAGE) from None
    checkpoint = arguments.checkpoint
    own = require_plate_system(checkpoint, arguments.system)
    engine = open_plate_engine(
        checkpoint,
        own,
        engine=arguments.engine,
        refinement=arguments.plate_refine,
        device=arguments.device,
    )
    live_with_plate(
        arguments.camera,
        PlatePreparation(PlateMatting(engine), arguments.align, arguments.match_exposure),
        arguments.plate,
        background=arguments.background,
        replace_colours=arguments.foreground == "estimate",
        temporal=arguments.temporal or usual_way(own),
        view=arguments.view or "whole",
        port=arguments.preview,
    )
    return 0


def run_live(arguments: argparse.Namespace, otherwise: ModelInfo) -> int:
    """Matte live; as with --fast, the network sees each frame once.

    Args:
        arguments: of the command line.
        otherwise: what holds for a model that does not say what it is.

    Raises:
        UserError: as `load_matting` and `live`.
    """
    try:
        from src.live.live import live  # PyAV, which photos do not need
    except ImportError:
        raise UserError(_NEEDS_PACKAGE) from None
    matting = load_matting(
        arguments.checkpoint,
        engine=arguments.engine,
        device=arguments.device,
        size=arguments.size,
        mean=arguments.mean,
        stretch=arguments.stretch,
        upsampling=arguments.refine,
        mirror=False,
        otherwise=otherwise,
    )
    live(
        arguments.camera,
        matting,
        background=arguments.background,
        estimate_foreground=arguments.foreground == "estimate",
        temporal=arguments.temporal,
        view=arguments.view or "whole",
        port=arguments.preview,
    )
    return 0
