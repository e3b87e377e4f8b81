"""Initial weights: PyTorch's default distribution, as used for the published result."""

import math
import zlib

import numpy as np
from mindspore import Parameter, Tensor, nn


def initialise(network: nn.Cell, seed: int) -> None:
    """Draw initial weights.

    Weights and biases of convolutions are uniform in +-1 / sqrt(fan-in) (PyTorch's Kaiming uniform
    with a = sqrt(5)); batch normalisation starts as the identity. A parameter's values depend only on
    the seed and its name.
    """
    for _, cell in network.cells_and_names():
        if isinstance(cell, nn.Conv2d | nn.Conv2dTranspose):
            # For both kinds, PyTorch's fan-in uses dimension 1: for transposed ones the output channels.
            bound = 1 / math.sqrt(math.prod(cell.weight.shape[1:]))
            draw_uniform(cell.weight, bound, seed)
            if cell.has_bias:
                draw_uniform(cell.bias, bound, seed)
        elif isinstance(cell, nn.BatchNorm2d):
            make_identity(cell)


def make_identity(norm: nn.BatchNorm2d) -> None:
    """Set a batch normalisation to the identity."""
    for parameter, value in (
        (norm.gamma, 1),
        (norm.beta, 0),
        (norm.moving_mean, 0),
        (norm.moving_variance, 1),
    ):
        parameter.set_data(Tensor(np.full(parameter.shape, value, np.float32)))


def draw_uniform(parameter: Parameter, bound: float, seed: int) -> None:
    """Draw a parameter's values from +-bound; they depend only on the seed and its name."""
    rng = np.random.default_rng((seed, zlib.crc32(parameter.name.encode())))
    values = rng.uniform(-bound, bound, parameter.shape).astype(np.float32)
    parameter.set_data(Tensor(values))
