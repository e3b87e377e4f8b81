"""A network to start training from: T-Net's encoder was trained elsewhere, all else is fresh."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from src.common.errors import UserError
from src.common.naming import naming_file
from src.config import Config
from src.conversion.folded_encoder import load_folded_encoder
from src.conversion.photos import read_photos
from src.conversion.tflite import read_tflite_convolutions
from src.conversion.torch_state_dict import read_torch_state_dict
from src.conversion.torchvision_encoder import load_torchvision_encoder
from src.model.initialisation import initialise
from src.model.network import SHMNet
from src.systems.model_info import ModelInfo

_TFLITE_SUFFIX = ".tflite"


class StartingNetwork(NamedTuple):
    """A network and how it came about."""

    network: SHMNet
    photos: int  # that the encoder's batch normalisations were calibrated on; 0: they are the file's own
    problems: list[str]  # of photos that could not be read


def start_from_encoder(
    path: str | Path,
    *,
    photos: str | Path | None = None,
    size: int = 320,
    mean: Sequence[float] = ModelInfo().mean,
    seed: int | None = None,
) -> StartingNetwork:
    """Make a network whose encoder has the weights of a pre-trained MobileNetV2.

    Args:
        path: a TensorFlow Lite file (.tflite) that starts with a MobileNetV2 of width 1, such as a
            DeepLabV3; or a PyTorch state dict of torchvision's MobileNetV2.
        photos: folder of photos like those to be matted; needed for a TensorFlow Lite file, whose batch
            normalisations are folded, not used for PyTorch's.
        size: height and width of the network's input in training, at which the photos are seen.
        mean: subtracted from BGR values 0..255.
        seed: of the fresh weights; None: the configuration's.

    Raises:
        UserError: a file or folder cannot be used, or a package that reads it is missing.
    """
    network = SHMNet()
    initialise(network, Config().seed if seed is None else seed)
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
