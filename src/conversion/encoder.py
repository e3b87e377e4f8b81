"""T-Net's encoder and the MobileNetV2 that others train: the same convolutions, other inputs.

T-Net sees (BGR - mean) / 255, the others RGB in a normalisation of their own. T-Net's block_1 also has an
expansion that they lack; it becomes the identity.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mindspore import Parameter, Tensor, nn

from src.common.errors import UserError
from src.model.backbones.mobilenet_v2 import MobileNetV2

IDENTITY = 1  # the place of block_1's expansion among the encoder's convolutions


class Normalisation(NamedTuple):
    """A network's input: (RGB / 255 - mean) / std, channel by channel."""

    mean: Sequence[float]
    std: Sequence[float]


def encoder_layers(encoder: MobileNetV2) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """The encoder's convolutions in their order, each with the batch normalisation after it."""
    layers = [cell for _, cell in encoder.cells_and_names() if isinstance(cell, nn.Conv2d | nn.BatchNorm2d)]
    return list(zip(layers[::2], layers[1::2], strict=True))


def set_convolutions(encoder: MobileNetV2, weights: Sequence[np.ndarray]) -> None:
    """Give the encoder the convolutions of a MobileNetV2, and the expansion of block_1 the identity.

    Args:
        encoder: is changed in place.
        weights: (O, I, kh, kw) float32 in the order of the network; what follows the encoder's is left alone.

    Raises:
        UserError: the convolutions are not those of a MobileNetV2 of width 1.
    """
    convolutions = [conv for conv, _ in encoder_layers(encoder)]
    expansion = convolutions.pop(IDENTITY)
    for number, conv in enumerate(convolutions, 1):
        found = weights[number - 1].shape if number <= len(weights) else "missing"
        if found != tuple(conv.weight.shape):
            raise UserError(
                f"holds no MobileNetV2 of width 1: convolution {number} is {found}, not "
                f"{tuple(conv.weight.shape)}"
            )
    for conv, weight in zip(convolutions, weights, strict=False):
        set_value(conv.weight, weight)
    set_value(expansion.weight, np.eye(expansion.out_channels).reshape(expansion.weight.shape))


def adapt_to_input(first: nn.Conv2d, normalisation: Normalisation, mean: Sequence[float]) -> np.ndarray:
    """Rewrite the encoder's first convolution, made for another input, for T-Net's x = (BGR - mean) / 255.

    The other input is (x + mean / 255 - its mean) / its std, channels reversed.

    Args:
        first: is changed in place.
        normalisation: of the input that its weight was made for.
        mean: T-Net's, BGR 0..255.

    Returns:
        (O,) float32: what its output lacks now, for a convolution cannot add it.
    """
    other_mean, std = (np.reshape(values, (3, 1, 1))[::-1] for values in normalisation)
    weight = first.weight.asnumpy()[:, ::-1].astype(np.float64) / std
    set_value(first.weight, weight)
    lacking = weight * (np.reshape(mean, (3, 1, 1)) / 255 - other_mean)
    return lacking.sum((1, 2, 3)).astype(np.float32)


def undo_norm(norm: nn.BatchNorm2d, mean: np.ndarray, variance: np.ndarray, bias: np.ndarray) -> None:
    """Set a batch normalisation so that it adds a bias only, to inputs of this mean and variance.

    In evaluation mode that holds for all inputs, in training for batches that have them.
    """
    set_value(norm.moving_mean, mean)
    set_value(norm.moving_variance, variance)
    set_value(norm.gamma, np.sqrt(variance + norm.eps))
    set_value(norm.beta, mean + bias)


def set_value(parameter: Parameter, value: np.ndarray) -> None:
    """Give a parameter a value, as float32."""
    parameter.set_data(Tensor(np.asarray(value, np.float32)))
