"""Pyramid pooling, for training and for inference (Pyramid Scene Parsing Network, arXiv:1612.01105)."""

import numpy as np
from mindspore import Tensor, nn, ops

from src.model.pspnet.cells import Pool, Resize
from src.model.pspnet.dropout import drop_channels

SIDES = (1, 2, 3, 6)  # of the squares of cells that a map is pooled to
DROPOUT = 0.3  # share of the channels


class Pyramid(nn.Cell):
    """Maps (N, C, H, W) to (N, out_channels, H, W), each place with the context of ever larger regions.

    In training, the channels where `kept` (N, out_channels) is 0 are dropped.
    """

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        branches = (nn.SequentialCell(Pool(side), nn.Conv2d(channels, channels, 1)) for side in SIDES)
        self.stages = nn.CellList(list(branches))
        self.resize = Resize()
        self.bottleneck = nn.Conv2d((len(SIDES) + 1) * channels, out_channels, 1, has_bias=True)
        self.relu = nn.ReLU()

    def construct(self, x: Tensor, kept: Tensor | None = None) -> Tensor:
        height, width = x.shape[2:]
        maps = ()
        for stage in self.stages:
            maps = (*maps, self.resize(stage(x), height, width))
        y = self.relu(self.bottleneck(ops.concat((*maps, x), 1)))
        if self.training and kept is not None:
            y = drop_channels(y, kept, DROPOUT)
        return y


class FoldedPyramid(nn.Cell):
    """The same in evaluation mode, with a fifth of the operations.

    All is linear up to the ReLU: a branch's convolution and its part of the bottleneck become one, which is
    applied to the few cells.
    """

    def __init__(self, pyramid: Pyramid):
        super().__init__()
        weight = pyramid.bottleneck.weight.asnumpy()
        *parts, own = np.split(weight, len(SIDES) + 1, axis=1)
        branches = (
            nn.SequentialCell(Pool(side), _pointwise(_product(part, stage[1].weight.asnumpy())))
            for side, part, stage in zip(SIDES, parts, pyramid.stages, strict=True)
        )
        self.stages = nn.CellList(list(branches))
        self.resize = Resize()
        self.own = _pointwise(own, pyramid.bottleneck.bias.asnumpy())
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        y = self.own(x)
        for stage in self.stages:
            y = y + self.resize(stage(x), height, width)
        return self.relu(y)


def fold_pyramids(network: nn.Cell) -> None:
    """Replace each pyramid of a network by its folded form, in place; such a network cannot be trained."""
    for _, cell in network.cells_and_names():
        for name, part in cell.name_cells().items():
            if isinstance(part, Pyramid):
                setattr(cell, name, FoldedPyramid(part))


def _product(last: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The weight of one pointwise convolution that does what two do."""
    product = last[..., 0, 0].astype(np.float64) @ first[..., 0, 0]
    return product.astype(np.float32)[..., np.newaxis, np.newaxis]


def _pointwise(weight: np.ndarray, bias: np.ndarray | None = None) -> nn.Conv2d:
    out_channels, in_channels = weight.shape[:2]
    has_bias = bias is not None
    return nn.Conv2d(
        in_channels,
        out_channels,
        1,
        has_bias=has_bias,
        weight_init=Tensor(weight),
        bias_init=Tensor(bias) if has_bias else None,
    )
