"""Make a checkpoint for train.py --init_weight from weights that were trained elsewhere.

    python src/get_init_weight.py MODEL.pth [--output init_weight.ckpt]
    python src/get_init_weight.py --encoder FILE --photos DIR [--output init_weight.ckpt]
    python src/get_init_weight.py modnet.ckpt --system modnet_video [--output init_weight.ckpt]
    python src/get_init_weight.py --encoder DEEPLABV3.pth --system background_matting_resnet50

The first converts the whole original PyTorch network; the second takes only T-Net's encoder, from a
MobileNetV2; the third gives a MODNet its fourth channel; the last takes backbone and ASPP from a DeepLabV3.
TensorFlow Lite files need an extra package (pip install tflite), as do PyTorch files of before version 1.6
(pip install torch).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from src.common.command_line import SKIPPED_STATUS, run_command  # noqa: E402
from src.common.errors import UserError  # noqa: E402
from src.common.naming import naming_file  # noqa: E402
from src.config import Config  # noqa: E402
from src.conversion.torch_state_dict import read_torch_state_dict  # noqa: E402
from src.systems.model_info import ModelInfo, info_path  # noqa: E402
from src.systems.registry import (  # noqa: E402
    SystemName,
    check_input_size,
    input_channels,
    needs_plate,
)

# MindSpore takes seconds to import; --help and a wrong path should not wait for it. Modules that need it are
# therefore imported where they are used.

_EXAMPLES = """examples:
  python src/get_init_weight.py model_obj.pth --output init_weight.ckpt
  python src/get_init_weight.py --encoder deeplabv3_mnv2_pascal_quant.tflite --photos photos
  python src/get_init_weight.py --encoder mobilenet_v2-b0353104.pth
  python src/get_init_weight.py modnet_photographic_portrait_matting.ckpt --system modnet
  python src/get_init_weight.py --encoder pretrained/shm_portrait.ckpt --system modnet
  python src/get_init_weight.py pytorch_resnet50.pth --system background_matting_resnet50"""


def convert_original(path: str, output: str, info: ModelInfo, *, half: bool = False) -> None:
    """Convert the original PyTorch network's weights, and report what was left out.

    Raises:
        UserError: the file cannot be used, or the output cannot be written.
    """
    state = read_torch_state_dict(path)
    from src.conversion.checkpoint_file import write_checkpoint
    from src.conversion.original_network import COUNTER, UNUSED_LAYER, convert_state_dict

    with naming_file(path):
        weights, unknown = convert_state_dict(state)
    write_checkpoint(weights, output, info, half=half)
    _report(output, weights)
    print(f"entries *{COUNTER} and the layer {UNUSED_LAYER[:-1]} are left out: the network never uses them")
    if unknown:
        print(f"unknown entries, left out too: {', '.join(unknown)}")


def convert_encoder(
    path: str, output: str, info: ModelInfo, *, photos: str | None, seed: int, half: bool = False
) -> list[str]:
    """Make a checkpoint whose encoder is pre-trained and whose other weights are random.

    Returns:
        One message for each photo that could not be read.

    Raises:
        UserError: a file or folder cannot be used, or the output cannot be written.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    from src.conversion.checkpoint_file import write_checkpoint
    from src.conversion.pretrained_encoder import start_from_encoder

    start = start_from_encoder(path, photos=photos, size=info.size, mean=info.mean, seed=seed)
    weights = {parameter.name: parameter.asnumpy() for parameter in start.network.get_parameters()}
    write_checkpoint(weights, output, info, half=half)
    _report(output, weights)
    norms = f"calibrated on {start.photos} photos" if start.photos else "from the file, no photos used"
    print(f"T-Net's encoder is that of {path} (batch normalisations: {norms}); all other weights are random")
    return start.problems


def convert_modnet(path: str, output: str, info: ModelInfo, *, half: bool = False) -> None:
    """Convert a MODNet: the original's PyTorch weights, or a checkpoint of three channels.

    Raises:
        UserError: the file cannot be used, or the output cannot be written.
    """
    state = _read_any(path)
    from src.conversion.checkpoint_file import write_checkpoint
    from src.conversion.modnet import convert_state_dict, with_channels

    channels = input_channels(info.system)
    is_ours = "backbone.stem.conv.weight" in state
    with naming_file(path):
        weights = (with_channels if is_ours else convert_state_dict)(state, channels)
    write_checkpoint(weights, output, info, half=half)
    _report(output, weights)


def convert_modnet_encoder(path: str, output: str, info: ModelInfo, *, seed: int, half: bool = False) -> None:
    """Make a checkpoint of MODNet whose encoder is pre-trained, and whose other weights are random.

    Raises:
        UserError: the file cannot be used, or the output cannot be written.
    """
    state = _read_any(path)
    from src.conversion.checkpoint_file import write_checkpoint
    from src.conversion.modnet import take_encoder

    with naming_file(path):
        taken = take_encoder(state, input_channels(info.system))
    weights = _initial_weights(info.system, seed) | taken
    write_checkpoint(weights, output, info, half=half)
    _report(output, weights)
    print(f"{len(taken)} parameters of the encoder are those of {path}; all other weights are random")


def convert_background_matting(
    path: str, output: str, info: ModelInfo, *, deeplab: bool, seed: int, half: bool = False
) -> None:
    """Convert the authors' PyTorch weights, or take backbone and ASPP of a DeepLabV3; others are random.

    Raises:
        UserError: the file cannot be used, or the output cannot be written.
    """
    state = read_torch_state_dict(path)
    from src.conversion.background_matting import convert_deeplab, convert_state_dict, require_backbone
    from src.conversion.checkpoint_file import write_checkpoint

    initial = _initial_weights(info.system, seed)
    with naming_file(path):
        require_backbone(state, info.system)
        taken = (convert_deeplab if deeplab else convert_state_dict)(state, initial)
    write_checkpoint(initial | taken, output, info, half=half)
    _report(output, initial)
    if len(taken) < len(initial):
        print(f"{len(taken)} parameters are those of {path}; all others, such as the refiner's, are random")


def _initial_weights(system: SystemName, seed: int) -> dict[str, np.ndarray]:
    from src.systems.registry import get_system

    network = get_system(system).build()
    get_system(system).initialise(network, seed)
    return {each.name: each.asnumpy() for each in network.get_parameters()}


def _read_any(path: str) -> dict[str, np.ndarray]:
    """The weights of a checkpoint of MindSpore or PyTorch; both may end in .ckpt."""
    from src.model.foreign_files import is_of_pytorch

    if Path(path).suffix == ".ckpt" and Path(path).is_file() and not is_of_pytorch(Path(path)):
        from src.model.weights import read_arrays

        return read_arrays(path)
    return read_torch_state_dict(path)


def _report(output: str, weights: dict[str, np.ndarray]) -> None:
    values = sum(map(np.size, weights.values()))
    print(f"{output}: {len(weights)} parameters, {values} values; {info_path(output)} holds the metadata")


def _model_info(system: SystemName, size: int | None, mean: Sequence[float] | None) -> ModelInfo:
    if mean is not None and system != "shm":
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
        "torchvision's state dict (.pth); of Background Matting V2, a DeepLabV3 (.pth)",
    )
    parser.add_argument(
        "--photos",
        metavar="DIR",
        help="photos like those to be matted, to calibrate the batch normalisations of a .tflite file; not "
        "needed for torchvision's files",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=Config().seed,
        help="seed of the random weights around the encoder (default: %(default)s)",
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
    parser.add_argument("--half", action="store_true", help="store float16: half the size, for predict.py")
    parser.add_argument(
        "--size",
        type=int,
        help="height and width of the model's input, a multiple of 16 (default: 320) or, of MODNet, 32 (512)",
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
    if arguments.seed < 0:
        raise UserError(f"--seed {arguments.seed}: must be 0 or more")
    if arguments.photos and not arguments.encoder:
        raise UserError(f"--photos {arguments.photos}: can only be used with --encoder; leave it out")
    info = _model_info(arguments.system, arguments.size, arguments.mean)
    if info.system != "shm":
        if arguments.photos:
            raise UserError(f"--photos {arguments.photos}: is not needed for {info.system}; leave it out")
        if needs_plate(info.system):
            convert_background_matting(
                arguments.model or arguments.encoder,
                arguments.output,
                info,
                deeplab=arguments.encoder is not None,
                seed=arguments.seed,
                half=arguments.half,
            )
        elif arguments.model:
            convert_modnet(arguments.model, arguments.output, info, half=arguments.half)
        else:
            convert_modnet_encoder(
                arguments.encoder, arguments.output, info, seed=arguments.seed, half=arguments.half
            )
        return 0
    if arguments.model:
        convert_original(arguments.model, arguments.output, info, half=arguments.half)
        return 0
    problems = convert_encoder(
        arguments.encoder,
        arguments.output,
        info,
        photos=arguments.photos,
        seed=arguments.seed,
        half=arguments.half,
    )
    for problem in problems:
        print(f"skipped: {problem}", file=sys.stderr)
    return SKIPPED_STATUS if problems else 0


if __name__ == "__main__":
    run_command(main)
