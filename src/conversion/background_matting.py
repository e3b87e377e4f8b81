"""Weights for Background Matting V2: from the authors' PyTorch checkpoints, or from a DeepLabV3's."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from src.common.errors import UserError
from src.conversion.torch_state_dict import select_all, torch_name
from src.description.traits import SystemName
from src.model.background_matting.backbone import BackboneName
from src.systems.background_matting import BACKBONES

STEM = "backbone.stem.conv.weight"
_REFINER = "refiner."
_LAYERS = {
    "backbone.stem.conv": "backbone.conv1",  # of a ResNet
    "backbone.stem.bn": "backbone.bn1",
    "aspp.pointwise.conv": "aspp.convs.0.0",
    "aspp.pointwise.bn": "aspp.convs.0.1",
    "aspp.atrous3.conv": "aspp.convs.1.0",
    "aspp.atrous3.bn": "aspp.convs.1.1",
    "aspp.atrous6.conv": "aspp.convs.2.0",
    "aspp.atrous6.bn": "aspp.convs.2.1",
    "aspp.atrous9.conv": "aspp.convs.3.0",
    "aspp.atrous9.bn": "aspp.convs.3.1",
    "aspp.pooling.conv": "aspp.convs.4.1",  # convs.4.0 is the mean
    "aspp.pooling.bn": "aspp.convs.4.2",
    "aspp.project.conv": "aspp.project.0",
    "aspp.project.bn": "aspp.project.1",
}
_MOBILENET_STEM = {
    "backbone.stem.conv": "backbone.features.0.0",
    "backbone.stem.bn": "backbone.features.0.1",
}
# Places in a block of MobileNetV2; in the first one, which has no expansion, they are one lower.
_BLOCK = {"expand": 0, "depthwise": 1, "project": 2}
_PLACES = {"conv": 0, "bn": 1}

# DeepLabV3 keeps the first four features of a MobileNetV2 apart, and the pyramid in its head.
_LOW_LEVEL_FEATURES = 4
_DEEPLAB_PYRAMID = "classifier.classifier.0."
_DEEPLAB_REST = re.compile(r"classifier\.classifier\.[1-4]\.")


def original_names(names: Iterable[str]) -> dict[str, str]:
    """The names that the authors' network gives to its parameters, by ours.

    Args:
        names: all parameters of a network.
    """
    names = list(names)
    is_mobilenet = any(name.startswith("backbone.blocks.") for name in names)
    layers = _LAYERS | _MOBILENET_STEM if is_mobilenet else _LAYERS
    return {name: _original_name(name, layers) for name in names}


def _original_name(name: str, layers: Mapping[str, str]) -> str:
    layer, _, kind = torch_name(name).rpartition(".")
    layer = layers.get(layer, layer)
    if match := re.fullmatch(r"backbone\.blocks\.(\d+)\.(\w+)\.(\w+)", layer):
        number, place = int(match[1]), _PLACES[match[3]]
        group = _BLOCK[match[2]] - (number == 0)
        inner = f"{group + place}" if match[2] == "project" else f"{group}.{place}"
        layer = f"backbone.features.{number + 1}.conv.{inner}"
    elif match := re.fullmatch(r"backbone\.stage(.*)", layer):
        inner = match[1].replace("shortcut.conv", "downsample.0").replace("shortcut.bn", "downsample.1")
        layer = f"backbone.layer{inner}"
    return f"{layer}.{kind}"


def require_backbone(names: Iterable[str], system: SystemName) -> None:
    """Check that a state dict of the authors, or of DeepLabV3, has the backbone of a system.

    Raises:
        UserError: it has another one, or none that is known.
    """
    backbone = _backbone_of(set(names))
    if backbone is None:
        raise UserError("holds neither a Background Matting V2 nor a DeepLabV3: it has no backbone of them")
    (its_system,) = (name for name, each in BACKBONES.items() if each == backbone)
    if its_system != system:
        raise UserError(f"has the backbone {backbone}; convert it with --system {its_system}")


def _backbone_of(names: set[str]) -> BackboneName | None:
    if any(re.match(r"backbone\.(low_level_|high_level_)?features\.", name) for name in names):
        return "mobilenetv2"
    if "backbone.layer3.22.conv1.weight" in names:
        return "resnet101"
    return "resnet50" if "backbone.layer3.5.conv1.weight" in names else None


def convert_state_dict(
    state: Mapping[str, np.ndarray], initial: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Convert the authors' state dict, of the refine network or the base network alone.

    Args:
        state: arrays by PyTorch's names.
        initial: the network's initial weights by our names.

    Returns:
        Its weights by our names, without those of the refiner where `state` has none.

    Raises:
        UserError: weights are missing, surplus or of another shape; the message names them.
    """
    names = original_names(initial)
    if not any(name.startswith(_REFINER) for name in state):
        names = {name: source for name, source in names.items() if not name.startswith(_REFINER)}
    return select_all(state, names, _shapes(initial), "Background Matting V2")


def convert_deeplab(
    state: Mapping[str, np.ndarray], initial: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Take backbone and ASPP of a DeepLabV3, but not the stem's convolution, which here has six channels.

    Args:
        state: arrays by the names of DeepLabV3Plus-Pytorch.
        initial: the network's initial weights by our names.

    Returns:
        The weights by our names.

    Raises:
        UserError: weights are missing, surplus or of another shape; the message names them.
    """
    names = {
        name: _deeplab_name(source)
        for name, source in original_names(initial).items()
        if name.startswith(("backbone.", "aspp."))
    }
    of_use = {name: value for name, value in state.items() if not _DEEPLAB_REST.match(name)}
    of_use.pop(names.pop(STEM), None)
    return select_all(of_use, names, _shapes(initial), "DeepLabV3")


def _deeplab_name(name: str) -> str:
    """The name in DeepLabV3 of what the authors call `name`."""
    if name.startswith("aspp."):
        return _DEEPLAB_PYRAMID + name.removeprefix("aspp.")
    match = re.match(r"backbone\.features\.(\d+)", name)
    if not match:  # of a ResNet
        return name
    number = int(match[1])
    is_low = number < _LOW_LEVEL_FEATURES
    part = f"low_level_features.{number}" if is_low else f"high_level_features.{number - _LOW_LEVEL_FEATURES}"
    return f"backbone.{part}{name[match.end() :]}"


def _shapes(weights: Mapping[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {name: value.shape for name, value in weights.items()}
