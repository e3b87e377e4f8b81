"""Transfer of a MobileNetV2's weights to T-Net's encoder, which has the same convolutions.

T-Net's input is (BGR - mean) / 255; other MobileNetV2s use RGB with another normalisation. T-Net's block_1
has an additional expansion layer, which is set to the identity.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mindspore import Parameter, Tensor, nn

from src.common.errors import UserError
from src.model.backbones.mobilenet_v2 import MobileNetV2

IDENTITY = 1  # index of block_1's expansion among the encoder's convolutions


class Normalisation(NamedTuple):
    """Normalisation of a network's input: (RGB / 255 - mean) / std, per channel."""

    mean: Sequence[float]
    std: Sequence[float]


def encoder_layers(encoder: MobileNetV2) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Return the encoder's convolutions in order, each with the batch normalisation after it."""
    layers = [cell for _, cell in encoder.cells_and_names() if isinstance(cell, nn.Conv2d | nn.BatchNorm2d)]
    return list(zip(layers[::2], layers[1::2], strict=True))


def set_convolutions(encoder: MobileNetV2, weights: Sequence[np.ndarray]) -> None:
    """Set the encoder's convolutions to those of a MobileNetV2, and block_1's expansion to the identity.

    Args:
        encoder: is changed in place.
        weights: (O, I, kh, kw) float32 each, in the order of the network; those after the encoder's are
            ignored.

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
    """Adapt the encoder's first convolution to T-Net's input, x = (BGR - mean) / 255.

    The original input is (x + mean / 255 - original mean) / original std, with channels reversed.

    Args:
        first: the convolution; is changed in place.
        normalisation: of the input that the convolution was trained with.
        mean: T-Net's mean, BGR 0..255.

    Returns:
        (O,) float32: the constant missing from the output, since the convolution has no bias.
    """
    weight, lacking = adapted_to_input(first.weight.asnumpy(), normalisation, mean)
    set_value(first.weight, weight)
    return lacking


def adapted_to_input(
    weight: np.ndarray, normalisation: Normalisation, mean: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """The same for weights (O, 3, kh, kw): the adapted ones, float32, and the missing constant."""
    other_mean, std = (np.reshape(values, (3, 1, 1))[::-1] for values in normalisation)
    adapted = weight[:, ::-1].astype(np.float64) / std
    lacking = adapted * (np.reshape(mean, (3, 1, 1)) / 255 - other_mean)
    return adapted.astype(np.float32), lacking.sum((1, 2, 3)).astype(np.float32)


def undo_norm(norm: nn.BatchNorm2d, mean: np.ndarray, variance: np.ndarray, bias: np.ndarray) -> None:
    """Set a batch normalisation so that it only adds a bias to inputs with this mean and variance.

    In evaluation mode this holds for all inputs; in training, for batches with this mean and variance.

    Args:
        norm: is changed in place.
        mean: of the inputs, (C,).
        variance: of the inputs, (C,).
        bias: (C,).
    """
    set_value(norm.moving_mean, mean)
    set_value(norm.moving_variance, variance)
    set_value(norm.gamma, np.sqrt(variance + norm.eps))
    set_value(norm.beta, mean + bias)


def set_value(parameter: Parameter, value: np.ndarray) -> None:
    """Set a parameter to a value, as float32."""
    parameter.set_data(Tensor(np.asarray(value, np.float32)))
