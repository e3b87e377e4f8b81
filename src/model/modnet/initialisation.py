"""Initial weights of MODNet."""

import math

import numpy as np
from mindspore import Tensor, nn

from src.model.initialisation import draw_uniform, make_identity


def initialise(network: nn.Cell, seed: int) -> None:
    """Draw initial weights; a parameter's values depend only on the seed and its name.

    Convolutions are uniform in +-sqrt(6 / fan-in), their biases 0; linear layers are uniform in
    +-1 / sqrt(fan-in); batch normalisation starts as the identity.
    """
    for _, cell in network.cells_and_names():
        if isinstance(cell, nn.Conv2d):
            draw_uniform(cell.weight, math.sqrt(6 / math.prod(cell.weight.shape[1:])), seed)
            if cell.has_bias:
                cell.bias.set_data(Tensor(np.zeros(cell.bias.shape, np.float32)))
        elif isinstance(cell, nn.Dense):
            draw_uniform(cell.weight, 1 / math.sqrt(cell.weight.shape[1]), seed)
        elif isinstance(cell, nn.BatchNorm2d):
            make_identity(cell)
