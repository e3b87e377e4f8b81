"""Weights for PSPNet: from the published PyTorch checkpoint, or its backbone from torchvision's ResNet-50."""

from collections.abc import Mapping, Sequence

import numpy as np

from src.conversion.encoder import adapted_to_input
from src.conversion.torch_state_dict import select_all, torch_name
from src.conversion.torchvision_encoder import IMAGENET
from src.images.trimap import TrimapClass
from src.model.pspnet.network import PSPNet

_WHOLE = "backbone."
_FEATURES = "feats."
_CLASSIFIER = "fc."
_LAST = ("final.0.weight", "final.0.bias")
_STEM, _STEM_MEAN = "feats.conv1.weight", "feats.bn1.moving_mean"
_PUBLISHED_CLASSES = (TrimapClass.BACKGROUND, TrimapClass.UNSURE, TrimapClass.FOREGROUND)


def original_name(name: str) -> str:
    """The name that the original gives to a parameter, without its prefix `backbone.`."""
    return f"{name[:-2]}.weight" if name.endswith(".w") else torch_name(name)


def convert_state_dict(state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Convert the published state dict; its classes get the order of `TrimapClass`.

    Args:
        state: arrays by PyTorch's names.

    Returns:
        All weights by our names.

    Raises:
        UserError: weights are missing, surplus or of another shape; the message names them.
    """
    shapes = {each.name: tuple(each.shape) for each in PSPNet().get_parameters()}
    names = {name: f"{_WHOLE}{original_name(name)}" for name in shapes}
    weights = select_all(state, names, shapes, "PSPNet")
    order = [_PUBLISHED_CLASSES.index(each) for each in TrimapClass]
    return weights | {name: weights[name][order] for name in _LAST}


def original_state(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The published state dict, without counters, of weights by our names: undoes `convert_state_dict`."""
    published = {f"{_WHOLE}{original_name(name)}": value for name, value in weights.items()}
    order = [int(each) for each in _PUBLISHED_CLASSES]
    return published | {f"{_WHOLE}{name}": weights[name][order] for name in _LAST}


def take_backbone(state: Mapping[str, np.ndarray], mean: Sequence[float] | None) -> dict[str, np.ndarray]:
    """Take the weights of torchvision's ResNet-50 for the backbone.

    Args:
        state: arrays by torchvision's names; its classifier is not needed.
        mean: subtracted from the BGR values 0..255 of PSPNet's images, to which the first convolution is
            adapted; None: it stays as it is, though it was trained on RGB of another scale.

    Returns:
        The backbone's weights by our names.

    Raises:
        UserError: weights are missing, surplus or of another shape; the message names them.
    """
    network = PSPNet()
    features = [each for each in network.get_parameters() if each.name.startswith(_FEATURES)]
    shapes = {each.name: tuple(each.shape) for each in features}
    names = {name: original_name(name.removeprefix(_FEATURES)) for name in shapes}
    of_use = {name: value for name, value in state.items() if not name.startswith(_CLASSIFIER)}
    weights = select_all(of_use, names, shapes, "torchvision's ResNet-50")
    if mean is not None:
        weight, lacking = adapted_to_input(weights[_STEM], IMAGENET, mean)
        weights |= {_STEM: weight, _STEM_MEAN: weights[_STEM_MEAN] - lacking}
    return weights
