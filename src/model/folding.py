"""Folds batch normalisation into the preceding convolutions, which makes inference faster."""

import numpy as np
from mindspore import Tensor, nn


def fold_batch_norms(network: nn.Cell) -> None:
    """Replace each convolution and the batch normalisation after it with one convolution with bias, in place.

    In evaluation mode the network's results change only by rounding. It can no longer be trained or load a
    checkpoint.
    """
    for _, cell in network.cells_and_names():
        if isinstance(cell, nn.SequentialCell):
            for place in reversed(range(1, len(cell))):
                if type(cell[place]) is nn.BatchNorm2d:  # not IBNorm, which depends on the sample
                    cell[place - 1] = _folded(cell[place - 1], cell[place])
                    del cell[place]


def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    variance, mean, gamma, beta = (
        parameter.asnumpy().astype(np.float64)
        for parameter in (norm.moving_variance, norm.moving_mean, norm.gamma, norm.beta)
    )
    scale = gamma / np.sqrt(variance + norm.eps)
    bias = conv.bias.asnumpy() if conv.has_bias else 0
    weight = conv.weight.asnumpy() * scale[:, np.newaxis, np.newaxis, np.newaxis]
    return nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        pad_mode=conv.pad_mode,
        padding=conv.padding,
        dilation=conv.dilation,
        group=conv.group,
        has_bias=True,
        weight_init=Tensor(weight.astype(np.float32)),
        bias_init=Tensor(((bias - mean) * scale + beta).astype(np.float32)),
    )
