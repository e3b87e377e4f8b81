"""Loads T-Net's encoder from torchvision's MobileNetV2, which was trained on ImageNet."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.special import ndtr

from src.conversion.encoder import (
    IDENTITY,
    Normalisation,
    adapt_to_input,
    encoder_layers,
    set_convolutions,
    set_value,
    undo_norm,
)
from src.conversion.torch_state_dict import select_entries, torch_name
from src.model.backbones.mobilenet_v2 import MobileNetV2

IMAGENET = Normalisation(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
_NORM_VALUES = ("gamma", "beta", "moving_mean", "moving_variance")
_BLOCKS = 17


def load_torchvision_encoder(
    encoder: MobileNetV2, state: Mapping[str, np.ndarray], *, mean: Sequence[float]
) -> None:
    """Load the weights and batch normalisations of torchvision's MobileNetV2 into an encoder.

    No photos are needed, since the file contains the statistics. Torchvision's network lacks one batch
    normalisation, the one after the identity; its statistics are derived from the batch normalisation before.

    Args:
        encoder: is changed in place.
        state: float32 arrays by torchvision's names; the last convolution and the classifier may be missing.
        mean: subtracted from the BGR values 0..255 of T-Net's images.

    Raises:
        UserError: the state dict is not that of a MobileNetV2 of width 1 from torchvision.
    """
    layers = encoder_layers(encoder)
    (stem, stem_norm), (_, identity_norm) = layers[0], layers.pop(IDENTITY)
    shapes = {}
    for (conv, norm), (conv_name, norm_name) in zip(layers, _names(), strict=True):
        shapes[f"{conv_name}.weight"] = tuple(conv.weight.shape)
        for value in _NORM_VALUES:
            shapes[torch_name(f"{norm_name}.{value}")] = (norm.num_features,)
    selected = select_entries(state, shapes, "torchvision's MobileNetV2 (width 1)")

    set_convolutions(encoder, [selected[f"{conv_name}.weight"] for conv_name, _ in _names()])
    for (_, norm), (_, norm_name) in zip(layers, _names(), strict=True):
        for value in _NORM_VALUES:
            set_value(getattr(norm, value), selected[torch_name(f"{norm_name}.{value}")])
    lacking = adapt_to_input(stem, IMAGENET, mean)
    set_value(stem_norm.moving_mean, stem_norm.moving_mean.asnumpy() - lacking)
    moments = rectified_normal_moments(stem_norm.beta.asnumpy(), stem_norm.gamma.asnumpy())
    undo_norm(identity_norm, *moments, np.zeros(identity_norm.num_features))


def rectified_normal_moments(mean: np.ndarray, deviation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute mean and variance of max(0, z) for normally distributed z, as after batch norm and ReLU.

    Args:
        mean: of z, (C,): the batch normalisation's beta.
        deviation: standard deviation of z, (C,), of either sign: the batch normalisation's gamma.

    Returns:
        Mean and variance, (C,) float64 each.
    """
    mean = mean.astype(np.float64)
    deviation = np.maximum(np.abs(deviation.astype(np.float64)), np.finfo(np.float32).tiny)
    place = mean / deviation
    positive = ndtr(place)  # the probability of z > 0
    density = np.exp(-np.square(place) / 2) / np.sqrt(2 * np.pi)
    first = mean * positive + deviation * density
    second = (np.square(mean) + np.square(deviation)) * positive + mean * deviation * density
    return first, np.maximum(second - np.square(first), 0)


def _names() -> Iterator[tuple[str, str]]:
    """Yield torchvision's names of each convolution and its batch normalisation, up to the last block."""
    yield "features.0.0", "features.0.1"
    for number in range(1, _BLOCKS + 1):
        block = f"features.{number}.conv"
        before = 1 if number == 1 else 2  # the projection; the first block has no expansion
        for place in range(before):
            yield f"{block}.{place}.0", f"{block}.{place}.1"
        yield f"{block}.{before}", f"{block}.{before + 1}"
