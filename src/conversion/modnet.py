"""Weights for MODNet: from published PyTorch checkpoints, from three channels, or its encoder alone."""

import re
from collections.abc import Mapping

import numpy as np

from src.common.errors import UserError
from src.conversion.torch_state_dict import COUNTER, select_all, select_entries, torch_name
from src.model.backbones.mobilenet_v2 import STAGES
from src.model.modnet.network import MODNet

_BACKBONE = "backbone.model."
_SECOND_BACKBONE = "lr_branch.backbone.model."  # published files hold the backbone twice
_HEAD = 18  # number of the last of the backbone's features
_LAYERS = {"expand": 0, "depthwise": 3, "project": 6}  # places of the convolutions in a block
_PLACES = {"conv": 0, "norm": 1}
_RENAMED = {
    "lr_branch.se.reduce": "lr_branch.se_block.fc.0",
    "lr_branch.se.expand": "lr_branch.se_block.fc.2",
    "lr_branch.conv_16x": "lr_branch.conv_lr16x",
    "lr_branch.conv_8x": "lr_branch.conv_lr8x",
    "lr_branch.semantic": "lr_branch.conv_lr.layers.0",
    "hr_branch.reduce_2x": "hr_branch.tohr_enc2x",
    "hr_branch.down_2x": "hr_branch.conv_enc2x",
    "hr_branch.reduce_4x": "hr_branch.tohr_enc4x",
    "hr_branch.merge_4x": "hr_branch.conv_enc4x",
    "hr_branch.conv_4x": "hr_branch.conv_hr4x",
    "hr_branch.conv_2x": "hr_branch.conv_hr2x",
    "hr_branch.detail_conv": "hr_branch.conv_hr.0",
    "hr_branch.detail": "hr_branch.conv_hr.1.layers.0",
    "fusion.conv_4x": "f_branch.conv_lr4x",
    "fusion.conv_2x": "f_branch.conv_f2x",
    "fusion.matte_conv": "f_branch.conv_f.0",
    "fusion.matte": "f_branch.conv_f.1.layers.0",
}
# Where the previous alpha comes among the input channels of a convolution.
_ADDED_CHANNEL = {
    "backbone.stem.conv.weight": 3,
    "hr_branch.down_2x.conv.weight": 3,
    "hr_branch.conv_4x.0.conv.weight": 99,
    "hr_branch.detail_conv.conv.weight": 35,
    "fusion.matte_conv.conv.weight": 35,
}


def original_name(name: str) -> str:
    """The name that the original gives to a parameter."""
    layer, _, kind = torch_name(name).rpartition(".")
    part, _, rest = layer.partition(".")
    if part == "backbone":
        return f"{_BACKBONE}features.{_feature(rest)}.{kind}"
    for ours in sorted(_RENAMED, key=len, reverse=True):
        if layer == ours or layer.startswith(f"{ours}."):
            inner = layer.removeprefix(ours).replace(".conv", ".layers.0").replace(".norm", ".layers.1.bnorm")
            return f"{_RENAMED[ours]}{inner}.{kind}"
    raise KeyError(name)


def _feature(layer: str) -> str:
    block, *inner = layer.split(".")
    if block in ("stem", "head"):
        return f"{0 if block == 'stem' else _HEAD}.{_PLACES[inner[0]]}"
    number = int(block.removeprefix("block_"))
    place = _LAYERS[inner[0]] + _PLACES[inner[1]]
    return f"{number}.conv.{place - _LAYERS['depthwise'] if number == 1 else place}"


def convert_state_dict(state: Mapping[str, np.ndarray], channels: int) -> dict[str, np.ndarray]:
    """Convert the original's state dict, of three channels or as many as asked for.

    Args:
        state: arrays by PyTorch's names, without `module.`.
        channels: input channels of the network to make, 3 or 4.

    Raises:
        UserError: a parameter is missing, unknown or of another shape, or the two backbones differ.
    """
    state = {name: value for name, value in state.items() if not name.endswith(COUNTER)}
    for name in [name for name in state if name.startswith(_SECOND_BACKBONE)]:
        first = state.get(name.removeprefix("lr_branch."))
        if first is not None and not np.array_equal(first, state[name]):
            raise UserError(f"{name}: differs from the same weight of the backbone; name another file")
        del state[name]
    stem = state.get(original_name("backbone.stem.conv.weight"))
    own = 4 if stem is not None and stem.ndim == 4 and stem.shape[1] == 4 else 3
    shapes = _shapes(own)
    weights = select_all(state, {name: original_name(name) for name in shapes}, shapes, "MODNet")
    return with_channels(weights, channels)


def with_channels(weights: Mapping[str, np.ndarray], channels: int) -> dict[str, np.ndarray]:
    """Give a network of three channels a fourth, whose weights are zero, or take the fourth away.

    Outputs stay the same; those of four channels as with an empty alpha of the frame before.

    Args:
        weights: arrays by our names.
        channels: 3 or 4; a network that has as many is left as it is.

    Raises:
        UserError: these are not the weights of a MODNet.
    """
    shapes = _shapes(channels)
    changed = dict(weights)
    for name, place in _ADDED_CHANNEL.items():
        if name not in weights:
            continue
        missing = shapes[name][1] - weights[name].shape[1]
        if missing == 1:
            changed[name] = _with_added_channel(name, weights[name])
        elif missing == -1:
            changed[name] = np.delete(weights[name], place, axis=1)
    return select_entries(changed, shapes, f"MODNet with {channels} channels")


def take_encoder(weights: Mapping[str, np.ndarray], channels: int) -> dict[str, np.ndarray]:
    """Take a MobileNetV2 as the start of the backbone.

    Args:
        weights: a checkpoint of SHM by our names, whose T-Net has block_2 to block_17; or the original's
            backbone alone by PyTorch's names.
        channels: input channels of the network to make.

    Returns:
        What is found of the network's weights, by name.

    Raises:
        UserError: they hold neither.
    """
    shapes = {name: shape for name, shape in _shapes(3).items() if name.startswith("backbone.")}
    if any(name.startswith("t_net.feature.") for name in weights):
        sources = {name: _name_in_t_net(name) for name in shapes if _name_in_t_net(name)}
    else:
        sources = {name: original_name(name).removeprefix(_BACKBONE) for name in shapes}
        weights = {name.removeprefix(_BACKBONE): value for name, value in weights.items()}
    wanted = {source: shapes[name] for name, source in sources.items()}
    selected = select_entries(weights, wanted, "a MobileNetV2 for MODNet")
    taken = {name: selected[source] for name, source in sources.items()}
    stem = "backbone.stem.conv.weight"
    if channels == 4 and stem in taken:
        taken[stem] = _with_added_channel(stem, taken[stem])
    return taken


def _with_added_channel(name: str, weight: np.ndarray) -> np.ndarray:
    return np.insert(weight, _ADDED_CHANNEL[name], 0, axis=1)


def _name_in_t_net(name: str) -> str | None:
    """The same parameter of T-Net's encoder; None for stem, block_1 and head, which differ."""
    match = re.fullmatch(r"backbone\.block_(\d+)\.(\w+)\.(conv|norm)\.(\w+)", name)
    if not match or match[1] == "1":
        return None
    places = [(2 + stage, block) for stage, each in enumerate(STAGES) for block in range(each.repeats)]
    stage, block = places[int(match[1]) - 2]
    inner = f"block_{stage}" if STAGES[stage - 2].repeats == 1 else f"block_{stage}.{block}"
    return f"t_net.feature.{inner}.conv.{_LAYERS[match[2]] + _PLACES[match[3]]}.{match[4]}"


def _shapes(channels: int) -> dict[str, tuple[int, ...]]:
    return {each.name: tuple(each.shape) for each in MODNet(channels).get_parameters()}
