"""Weights that were trained elsewhere to checkpoints: what get_init_weight.py does for each system."""

from pathlib import Path

import numpy as np

from src.common.errors import UserError
from src.common.naming import naming_file
from src.conversion.torch_state_dict import read_torch_state_dict
from src.description.model_info import ModelInfo, info_path
from src.description.traits import SystemName, input_channels

# MindSpore takes seconds to import; a wrong path should not wait for it. Modules that need it are therefore
# imported where they are used.


def convert_original(path: str, output: str, info: ModelInfo, *, half: bool = False) -> None:
    """Convert the original PyTorch network's weights, and report what was left out.

    Raises:
        UserError: the file cannot be used, or the output cannot be written.
    """
    state = read_torch_state_dict(path)
    from src.conversion.original_network import UNUSED_LAYER, convert_state_dict
    from src.conversion.torch_state_dict import COUNTER

    with naming_file(path):
        weights, unknown = convert_state_dict(state)
    _write(weights, output, info, half)
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
    from src.conversion.pretrained_encoder import start_from_encoder

    start = start_from_encoder(path, photos=photos, size=info.size, mean=info.mean, seed=seed)
    weights = {parameter.name: parameter.asnumpy() for parameter in start.network.get_parameters()}
    _write(weights, output, info, half)
    norms = f"calibrated on {start.photos} photos" if start.photos else "from the file, no photos used"
    print(f"T-Net's encoder is that of {path} (batch normalisations: {norms}); all other weights are random")
    return start.problems


def convert_modnet(path: str, output: str, info: ModelInfo, *, half: bool = False) -> None:
    """Convert a MODNet: the original's PyTorch weights, or a checkpoint of three channels.

    Raises:
        UserError: the file cannot be used, or the output cannot be written.
    """
    state = _read_any(path)
    from src.conversion.modnet import convert_state_dict, with_channels

    channels = input_channels(info.system)
    is_ours = "backbone.stem.conv.weight" in state
    with naming_file(path):
        weights = (with_channels if is_ours else convert_state_dict)(state, channels)
    _write(weights, output, info, half)


def convert_modnet_encoder(path: str, output: str, info: ModelInfo, *, seed: int, half: bool = False) -> None:
    """Make a checkpoint of MODNet whose encoder is pre-trained, and whose other weights are random.

    Raises:
        UserError: the file cannot be used, or the output cannot be written.
    """
    state = _read_any(path)
    from src.conversion.modnet import take_encoder

    with naming_file(path):
        taken = take_encoder(state, input_channels(info.system))
    _write(_initial_weights(info.system, seed) | taken, output, info, half)
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

    initial = _initial_weights(info.system, seed)
    with naming_file(path):
        require_backbone(state, info.system)
        taken = (convert_deeplab if deeplab else convert_state_dict)(state, initial)
    _write(initial | taken, output, info, half)
    if len(taken) < len(initial):
        print(f"{len(taken)} parameters are those of {path}; all others, such as the refiner's, are random")


def convert_pspnet(path: str, output: str, info: ModelInfo, *, half: bool = False) -> None:
    """Convert a published PSPNet.

    Raises:
        UserError: the file cannot be used, or the output cannot be written.
    """
    state = read_torch_state_dict(path)
    from src.conversion.pspnet import convert_state_dict

    with naming_file(path):
        weights = convert_state_dict(state)
    _write(weights, output, info, half)


def convert_pspnet_encoder(
    path: str, output: str, info: ModelInfo, *, adapts: bool, seed: int, half: bool = False
) -> None:
    """Make a checkpoint of PSPNet with the backbone of torchvision's ResNet-50; other weights are random.

    Raises:
        UserError: the file cannot be used, or the output cannot be written.
    """
    state = read_torch_state_dict(path)
    from src.conversion.pspnet import take_backbone

    with naming_file(path):
        taken = take_backbone(state, info.mean if adapts else None)
    _write(_initial_weights(info.system, seed) | taken, output, info, half)
    print(f"{len(taken)} parameters of the backbone are those of {path}; all other weights are random")


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


def _write(weights: dict[str, np.ndarray], output: str, info: ModelInfo, half: bool) -> None:
    from src.conversion.checkpoint_file import write_checkpoint

    write_checkpoint(weights, output, info, half=half)
    values = sum(map(np.size, weights.values()))
    print(f"{output}: {len(weights)} parameters, {values} values; {info_path(output)} holds the metadata")
