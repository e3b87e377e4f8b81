"""Make a checkpoint for train.py --init_weight from weights that were trained elsewhere.

    python src/get_init_weight.py MODEL.pth [--output init_weight.ckpt]
    python src/get_init_weight.py --encoder FILE --photos DIR [--output init_weight.ckpt]
    python src/get_init_weight.py modnet.ckpt --system modnet_video [--output init_weight.ckpt]
    python src/get_init_weight.py --encoder DEEPLABV3.pth --system background_matting_resnet50
    python src/get_init_weight.py --encoder RESNET50.pth --system pspnet

The first converts the whole original PyTorch network; the second takes only T-Net's encoder, from a
MobileNetV2; the third gives a MODNet its fourth channel; the fourth takes backbone and ASPP from a DeepLabV3,
the last the backbone from torchvision's ResNet-50.
TensorFlow Lite files need an extra package (pip install tflite), as do PyTorch files of before version 1.6
(pip install torch).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from src.common.command_line import SKIPPED_STATUS, run_command  # noqa: E402
from src.common.counts import natural  # noqa: E402
from src.common.errors import UserError  # noqa: E402
from src.config import Config  # noqa: E402
from src.conversion import to_checkpoint  # noqa: E402
from src.description.model_info import ModelInfo  # noqa: E402
from src.description.traits import (  # noqa: E402
    SystemName,
    check_input_size,
    needs_plate,
    takes_normalised,
)

_EXAMPLES = """examples:
  python src/get_init_weight.py model_obj.pth --output init_weight.ckpt
  python src/get_init_weight.py --encoder deeplabv3_mnv2_pascal_quant.tflite --photos photos
  python src/get_init_weight.py --encoder mobilenet_v2-b0353104.pth
  python src/get_init_weight.py modnet_photographic_portrait_matting.ckpt --system modnet
  python src/get_init_weight.py --encoder pretrained/shm_portrait.ckpt --system modnet
  python src/get_init_weight.py pytorch_resnet50.pth --system background_matting_resnet50
  python src/get_init_weight.py --encoder resnet50-19c8e357.pth --system pspnet"""


def _model_info(system: SystemName, size: int | None, mean: Sequence[float] | None) -> ModelInfo:
    if mean is not None and not takes_normalised(system):
        raise UserError(f"--mean: cannot be chosen for {system}; leave it out")
    if mean is not None and not all(0 <= value <= 255 for value in mean):
        raise UserError(f"--mean {' '.join(f'{value:g}' for value in mean)}: must be values from 0 to 255")
    given = {"size": size, "mean": None if mean is None else tuple(mean)}
    try:
        check_input_size(ModelInfo(system=system).size if size is None else size, system)
    except ValueError as error:
        raise UserError(f"--size {size}: {error}") from None
    return ModelInfo(system=system, **{key: value for key, value in given.items() if value is not None})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Make a MindSpore checkpoint for train.py --init_weight: from weights of the original\n"
        "PyTorch network, or with T-Net's encoder from a MobileNetV2 that was trained elsewhere and random\n"
        "weights otherwise. Old PyTorch files need the package torch, .tflite files the package tflite.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "model", metavar="MODEL.pth", nargs="?", help="state dict of the original network (.pth or .pt)"
    )
    source.add_argument(
        "--encoder",
        metavar="FILE",
        help="MobileNetV2 of width 1: a .tflite file that starts with it, such as Coral's DeepLabV3, or "
        "torchvision's state dict (.pth); of Background Matting V2, a DeepLabV3 (.pth); of PSPNet, "
        "torchvision's ResNet-50 (.pth)",
    )
    parser.add_argument(
        "--photos",
        metavar="DIR",
        help="photos like those to be matted, to calibrate the batch normalisations of a .tflite file; not "
        "needed for torchvision's files",
    )
    parser.add_argument(
        "--seed",
        type=natural,
        help=f"seed of the random weights around the encoder (default: {Config().seed})",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        default="init_weight.ckpt",
        help="checkpoint to write (default: %(default)s)",
    )
    parser.add_argument(
        "--system",
        choices=get_args(SystemName),
        default="shm",
        help="system to make a checkpoint of (default: %(default)s)",
    )
    parser.add_argument(
        "--as_published",
        action="store_true",
        help="leave the backbone of PSPNet as it is, although it was trained on RGB of another scale "
        "(default: adapt its first convolution to the input)",
    )
    parser.add_argument("--half", action="store_true", help="store float16: half the size, for predict.py")
    parser.add_argument(
        "--size",
        type=int,
        help="height and width of the model's input, a multiple of 16 (default: 320) or, of MODNet, 32 "
        "(512), of PSPNet 8 (400)",
    )
    parser.add_argument(
        "--mean",
        type=float,
        nargs=3,
        metavar=("B", "G", "R"),
        help=f"subtracted from the input's BGR values, 0..255 (default: {ModelInfo().mean})",
    )
    return parser


def main() -> int:
    """Read the command line and convert."""
    arguments = _parser().parse_args()
    if Path(arguments.output).suffix != ".ckpt":  # MindSpore would append it
        raise UserError(f"--output {arguments.output}: must end in .ckpt")
    if arguments.seed is not None and not (arguments.encoder or needs_plate(arguments.system)):
        raise UserError("--seed: is of random weights, which only --encoder leaves; leave it out")
    if arguments.photos and not arguments.encoder:
        raise UserError(f"--photos {arguments.photos}: can only be used with --encoder; leave it out")
    info = _model_info(arguments.system, arguments.size, arguments.mean)
    if arguments.as_published and (info.system != "pspnet" or not arguments.encoder):
        raise UserError("--as_published: is for --encoder with --system pspnet; leave it out")
    if arguments.photos and (info.system != "shm" or Path(arguments.encoder).suffix.lower() != ".tflite"):
        raise UserError(f"--photos {arguments.photos}: is only needed for .tflite files; leave it out")
    problems = _convert(arguments, info)
    for problem in problems:
        print(f"skipped: {problem}", file=sys.stderr)
    return SKIPPED_STATUS if problems else 0


def _convert(arguments: argparse.Namespace, info: ModelInfo) -> list[str]:
    """Returns one message for each photo that could not be read."""
    model, encoder = arguments.model, arguments.encoder
    output, half = arguments.output, arguments.half
    seed = Config().seed if arguments.seed is None else arguments.seed
    if info.system == "shm" and encoder:
        photos = arguments.photos
        return to_checkpoint.convert_encoder(encoder, output, info, photos=photos, seed=seed, half=half)
    if needs_plate(info.system):
        is_deeplab = encoder is not None
        to_checkpoint.convert_background_matting(
            model or encoder, output, info, deeplab=is_deeplab, seed=seed, half=half
        )
    elif info.system == "pspnet" and encoder:
        adapts = not arguments.as_published
        to_checkpoint.convert_pspnet_encoder(encoder, output, info, adapts=adapts, seed=seed, half=half)
    elif encoder:
        to_checkpoint.convert_modnet_encoder(encoder, output, info, seed=seed, half=half)
    elif info.system == "shm":
        to_checkpoint.convert_original(model, output, info, half=half)
    elif info.system == "pspnet":
        to_checkpoint.convert_pspnet(model, output, info, half=half)
    else:
        to_checkpoint.convert_modnet(model, output, info, half=half)
    return []


if __name__ == "__main__":
    run_command(main)
