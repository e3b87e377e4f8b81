"""A network to start training from: a pre-trained encoder in T-Net, all other weights random."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from src.common.errors import UserError
from src.common.naming import naming_file
from src.conversion.folded_encoder import load_folded_encoder
from src.conversion.photos import read_photos
from src.conversion.tflite import read_tflite_convolutions
from src.conversion.torch_state_dict import read_torch_state_dict
from src.conversion.torchvision_encoder import load_torchvision_encoder
from src.model.initialisation import initialise
from src.model.network import SHMNet

_TFLITE_SUFFIX = ".tflite"


class StartingNetwork(NamedTuple):
    """A network with a pre-trained encoder, and how it was made."""

    network: SHMNet
    photos: int  # number of photos used to calibrate batch normalisation; 0: the file has its own statistics
    problems: list[str]  # one line for each photo that could not be read


def start_from_encoder(
    path: str | Path,
    *,
    photos: str | Path | None = None,
    size: int,
    mean: Sequence[float],
    seed: int,
) -> StartingNetwork:
    """Make a network whose encoder has the weights of a pre-trained MobileNetV2.

    Args:
        path: a TensorFlow Lite file (.tflite) that starts with a MobileNetV2 of width 1, such as a
            DeepLabV3; or a PyTorch state dict of torchvision's MobileNetV2.
        photos: folder of photos similar to those to be matted; required for a TensorFlow Lite file, whose
            batch normalisations are folded, and ignored for a state dict.
        size: height and width of the network's input in training, in pixels; the photos are resized to it.
        mean: subtracted from BGR values 0..255.
        seed: for the random weights.

    Raises:
        UserError: a file or folder cannot be used, or a package that reads it is missing.
    """
    network = SHMNet()
    initialise(network, seed)
    encoder = network.t_net.feature
    if Path(path).suffix.lower() != _TFLITE_SUFFIX:
        state = read_torch_state_dict(path)
        with naming_file(path):
            load_torchvision_encoder(encoder, state, mean=mean)
        return StartingNetwork(network, 0, [])
    convolutions = read_tflite_convolutions(path)
    if photos is None:
        raise UserError(f"{path}: its batch normalisations are folded; give a folder of photos with --photos")
    images, problems = read_photos(photos, size=size, mean=mean)
    with naming_file(path):
        load_folded_encoder(encoder, convolutions, images=images, mean=mean)
    return StartingNetwork(network, len(images), problems)
