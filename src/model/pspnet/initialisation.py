"""Initial weights of PSPNet."""

import math
import zlib

import numpy as np
from mindspore import Tensor, nn

from src.model.initialisation import initialise as initialise_as_pytorch

_PRELU = 0.25


def initialise(network: nn.Cell, seed: int) -> None:
    """Draw initial weights; a parameter's values depend only on the seed and its name.

    Convolutions of the backbone are normal with deviation sqrt(2 / (kernel area * output channels)); all else
    has PyTorch's default.
    """
    initialise_as_pytorch(network, seed)
    for _, cell in network.cells_and_names():
        if isinstance(cell, nn.PReLU):
            cell.w.set_data(Tensor(np.full(cell.w.shape, _PRELU, np.float32)))
    for _, cell in network.feats.cells_and_names():
        if isinstance(cell, nn.Conv2d):
            weight = cell.weight
            rng = np.random.default_rng((seed, zlib.crc32(weight.name.encode())))
            out_channels, _, *kernel = weight.shape
            deviation = math.sqrt(2 / (math.prod(kernel) * out_channels))
            weight.set_data(Tensor(rng.normal(0, deviation, weight.shape).astype(np.float32)))
