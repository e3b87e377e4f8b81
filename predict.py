"""Matte photos, videos and the pictures of a camera.

python predict.py photo.jpg
python predict.py photos/ --output mattes/ --background white
python predict.py photo.jpg --plate empty_room.jpg
python predict.py --camera 0 --background beach.jpg --preview
"""

import argparse
from pathlib import Path
from typing import get_args

from src.common.command_line import SKIPPED_STATUS, run_command
from src.common.given_options import given
from src.description.model_info import ModelInfo
from src.description.plate_form import RefinementName
from src.description.traits import SystemName
from src.engines.embedded_info import find_model_info
from src.engines.engine_choice import EngineName
from src.engines.shipped import require_system, shipped_model
from src.inference.protocol import Upsampling
from src.live.flags import add_live_arguments, is_live, run_live, run_live_with_plate
from src.prediction.predict import predict
from src.prediction.shard import parse_shard
from src.streams.temporal import Temporal
from src.trimap_matting.solvers import DEFAULT_SOLVER, SolverName

_WITHOUT_PLATE = (
    "size",
    "mean",
    "yaml_path",
    "stretch",
    "refine",
    "fast",
    "trimap",
    "trimap_model",
    "solver",
)


def main() -> int:
    """Read the command line and matte."""
    parser = argparse.ArgumentParser(
        description="Cut people out of photos and videos. Writes photo_alpha.png and photo_cutout.png "
        "(RGBA),\nor photo_composite.png where a background is given; of a video, alpha and composite (mp4)."
        "\nA camera is shown in the browser beside its composite.",
        epilog="example:\n  python predict.py photos/ --output mattes/ --background white",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("inputs", metavar="PATH", nargs="*", help="photos, videos, or folders of them")
    add_live_arguments(parser)
    parser.add_argument("--output", metavar="DIR", help="folder of the results (default: beside the photos)")
    parser.add_argument(
        "--background",
        metavar="WHAT",
        default="transparent",
        help="transparent, blur, a colour name, #RRGGBB or an image (default: transparent)",
    )
    parser.add_argument(
        "--plate",
        metavar="PATH",
        help="a photo of the same place without the person, or a folder of such photos with the names of "
        "their photos; first:2s for videos and cameras whose first 2 seconds show the empty place; takes a "
        "model of Background Matting V2",
    )
    parser.add_argument(
        "--plate-refine",
        choices=get_args(RefinementName),
        help="with --plate, refine the 80,000 pixels that need it most (sampling), all (full), or where the "
        "expected error is above 0.1 (thresholding) (default: what an exported model was made for; of "
        "checkpoints, sampling)",
    )
    parser.add_argument(
        "--align",
        action="store_true",
        help="move the plate so that it lies on the photo, if the camera stood slightly elsewhere",
    )
    parser.add_argument("--match-exposure", action="store_true", help="give the plate the light of the photo")
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        help="model: a checkpoint (.ckpt) or an exported one (.mindir, .onnx) (default: the one of this "
        "repository)",
    )
    parser.add_argument(
        "--system",
        choices=get_args(SystemName),
        help="take this repository's model of this system (default: shm); with --checkpoint, the system that "
        "model must have",
    )
    parser.add_argument(
        "--engine",
        choices=get_args(EngineName),
        default="auto",
        help="what runs the model (default: ONNX Runtime on CPUs, if the checkpoint's export lies beside it; "
        "else MindSpore); lite is the C++ runner",
    )
    parser.add_argument(
        "--size",
        type=int,
        help="height and width of the network's input, a multiple of 16 (default: the model's own)",
    )
    parser.add_argument(
        "--mean",
        type=float,
        nargs=3,
        metavar=("B", "G", "R"),
        help="of the model's training (default: the model's own, else that of the configuration; checkpoints "
        "of older code: 104 112 121)",
    )
    parser.add_argument(
        "--yaml_path",
        metavar="FILE",
        help="configuration, for models that do not say their size and mean (default: config.yaml of this "
        "project)",
    )
    parser.add_argument(
        "--stretch",
        "--squash",
        action="store_true",
        help="stretch the photo to the network's square, as published",
    )
    parser.add_argument(
        "--refine",
        choices=get_args(Upsampling),
        default="guided",
        help="how alpha comes to the photo's size: guided by its edges, or bicubic, none (default: guided)",
    )
    parser.add_argument(
        "--fast",
        action="store_true",
        help="show the network each photo once: not also mirrored, no search for small people and no closer "
        "look at them; half the time or less, a little worse",
    )
    parser.add_argument(
        "--foreground",
        choices=("estimate", "none"),
        default="estimate",
        help="take the old background's colours out of the person's rim (default: estimate)",
    )
    parser.add_argument(
        "--temporal",
        choices=get_args(Temporal),
        help="how the alpha of videos is made steady: smoothed where the picture does not move, by MODNet's "
        "one-frame delay (ofd), or not at all (default: smoothing; none for modnet_video, which sees its own "
        "alpha of the frame before)",
    )
    parser.add_argument(
        "--trimap",
        metavar="WHAT",
        help="solve alpha from a trimap: auto (by the network's alpha), tnet (T-Net's classes), a grey file "
        "of 0, 128 and 255, or a folder of them, named as the photos (default: alpha is the network's)",
    )
    parser.add_argument(
        "--trimap_model",
        metavar="FILE",
        help="with --trimap auto: a PSPNet that makes the trimaps (default: the model itself)",
    )
    parser.add_argument(
        "--solver",
        choices=get_args(SolverName),
        help="with --trimap: closed-form (cf), KNN, learning-based, random walk or large-kernel matting "
        "(default: cf)",
    )
    parser.add_argument("--overwrite", action="store_true", help="make results again that are there")
    parser.add_argument(
        "--shard",
        metavar="I/N",
        help="matte only the I-th of N shards, so that N commands, also on several machines, share the work",
    )
    parser.add_argument("--device", choices=("auto", "Ascend", "GPU", "CPU"), default="auto")
    arguments = parser.parse_args()
    for name in ("solver", "trimap_model"):
        if getattr(arguments, name) and arguments.trimap is None:
            parser.error(f"--{name} needs --trimap")
    live = is_live(parser, arguments)
    usual: SystemName = "background_matting" if arguments.plate else "shm"
    arguments.checkpoint = arguments.checkpoint or shipped_model(arguments.system or usual)
    if arguments.plate:
        return _predict_with_plates(parser, arguments)
    if arguments.align or arguments.match_exposure or arguments.plate_refine:
        parser.error("--align, --match-exposure and --plate-refine are for --plate")
    otherwise = _info_otherwise(arguments.checkpoint, arguments.system, arguments.yaml_path)
    if live:
        return run_live(arguments, otherwise)
    left_out = predict(
        arguments.inputs,
        output=arguments.output,
        background=arguments.background,
        checkpoint=arguments.checkpoint,
        engine=arguments.engine,
        size=arguments.size,
        mean=arguments.mean,
        otherwise=otherwise,
        stretch=arguments.stretch,
        upsampling=arguments.refine,
        mirror=not arguments.fast,
        estimate_foreground=arguments.foreground == "estimate",
        temporal=arguments.temporal,
        trimap=arguments.trimap,
        trimap_model=arguments.trimap_model,
        solver=arguments.solver or DEFAULT_SOLVER,
        overwrite=arguments.overwrite,
        shard=parse_shard(arguments.shard) if arguments.shard else None,
        device=arguments.device,
    )
    return SKIPPED_STATUS if left_out else 0


def _predict_with_plates(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    from src.prediction.predict_plates import predict_with_plates

    unused = given(_WITHOUT_PLATE, arguments, parser)
    if unused:
        parser.error(f"not with --plate: {', '.join(f'--{name}' for name in unused)}")
    if arguments.camera is not None:
        return run_live_with_plate(arguments)
    left_out = predict_with_plates(
        arguments.inputs,
        arguments.plate,
        output=arguments.output,
        background=arguments.background,
        checkpoint=arguments.checkpoint,
        system=arguments.system,
        engine=arguments.engine,
        refinement=arguments.plate_refine,
        replace_colours=arguments.foreground == "estimate",
        align=arguments.align,
        match_exposure=arguments.match_exposure,
        temporal=arguments.temporal,
        overwrite=arguments.overwrite,
        shard=parse_shard(arguments.shard) if arguments.shard else None,
        device=arguments.device,
    )
    return SKIPPED_STATUS if left_out else 0


def _info_otherwise(checkpoint: Path, system: SystemName | None, configuration: str | None) -> ModelInfo:
    """What holds for a model that does not say what it is: the system's values, or the configuration's."""
    own = find_model_info(checkpoint)
    if configuration is None and (own or system not in (None, "shm")):
        otherwise = ModelInfo(system=system or "shm")
    else:
        from src.config import load_config  # a tenth of a second, which most models do not need
        from src.config_flags import DEFAULT_CONFIG

        otherwise = load_config(configuration or DEFAULT_CONFIG).model_info()
    if system:
        require_system(checkpoint, (own or otherwise).system, system)
    return otherwise


if __name__ == "__main__":
    run_command(main)
