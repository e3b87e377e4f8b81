"""MobileNetV2 (arXiv:1801.04381): its blocks, and T-Net's encoder, which begins at the size of the image."""

import itertools
from collections import OrderedDict
from typing import NamedTuple

from mindspore import Tensor, nn

from src.model.layers import conv_bn_relu


class Stage(NamedTuple):
    """Blocks of expansion 6; the first one applies the stride and changes the channels."""

    in_channels: int
    out_channels: int
    repeats: int
    stride: int

    def blocks(self) -> list[tuple[int, int, int]]:
        """Input channels, output channels and stride of each block."""
        others = [(self.out_channels, self.out_channels, 1)] * (self.repeats - 1)
        return [(self.in_channels, self.out_channels, self.stride), *others]


# After the first block, which has 16 channels and no wider layer.
STAGES = (
    Stage(16, 24, repeats=2, stride=2),
    Stage(24, 32, repeats=3, stride=2),
    Stage(32, 64, repeats=4, stride=2),
    Stage(64, 96, repeats=3, stride=1),
    Stage(96, 160, repeats=3, stride=2),
    Stage(160, 320, repeats=1, stride=1),
)
EXPANSION = 6


def block_layers(
    in_channels: int, out_channels: int, *, stride: int, expansion: int, dilation: int = 1
) -> dict[str, list[nn.Cell]]:
    """The layers of a block, in order: 1x1 expansion, depthwise 3x3, linear 1x1 (section 3.3)."""
    hidden = in_channels * expansion
    depthwise = nn.Conv2d(
        hidden,
        hidden,
        3,
        stride=stride,
        pad_mode="pad",
        padding=dilation,
        dilation=dilation,
        group=hidden,
    )
    return {
        "expand": [nn.Conv2d(in_channels, hidden, 1), nn.BatchNorm2d(hidden), nn.ReLU6()],
        "depthwise": [
            depthwise,
            nn.BatchNorm2d(hidden),
            nn.ReLU6(),
        ],
        "project": [nn.Conv2d(hidden, out_channels, 1), nn.BatchNorm2d(out_channels)],
    }


def is_residual(in_channels: int, out_channels: int, stride: int) -> bool:
    """Whether a block keeps its input's shape; the input is then added to its output."""
    return stride == 1 and in_channels == out_channels


class InvertedResidual(nn.Cell):
    """A block as T-Net names it: all layers of `block_layers` in one sequence."""

    def __init__(self, in_channels: int, out_channels: int, *, stride: int, expansion: int):
        super().__init__()
        self.is_residual = is_residual(in_channels, out_channels, stride)
        layers = block_layers(in_channels, out_channels, stride=stride, expansion=expansion)
        self.conv = nn.SequentialCell(*itertools.chain(*layers.values()))

    def construct(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.is_residual else self.conv(x)


class NamedBlock(nn.SequentialCell):
    """A block whose layers have names: `expand` (none where the expansion is 1), `depthwise`, `project`.

    Each is a convolution `conv`, its batch normalisation, called `norm`, and, but for the last, a `relu`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        expansion: int = EXPANSION,
        *,
        dilation: int = 1,
        norm: str = "norm",
    ):
        layers = block_layers(
            in_channels, out_channels, stride=stride, expansion=expansion, dilation=dilation
        )
        if expansion == 1:
            del layers["expand"]
        names = ("conv", norm, "relu")  # the projection is linear
        parts = {
            name: nn.SequentialCell(OrderedDict(zip(names, cells, strict=False)))
            for name, cells in layers.items()
        }
        super().__init__(OrderedDict(parts))
        self.is_residual = is_residual(in_channels, out_channels, stride)

    def construct(self, x: Tensor) -> Tensor:
        y = super().construct(x)
        return x + y if self.is_residual else y


def inverted_residuals(stage: Stage) -> nn.SequentialCell:
    """The blocks of a stage."""
    return nn.SequentialCell(
        *(
            InvertedResidual(in_channels, out_channels, stride=stride, expansion=EXPANSION)
            for in_channels, out_channels, stride in stage.blocks()
        )
    )


class MobileNetV2(nn.Cell):
    """The encoder: maps image (N, 3, H, W) to features at scales 1, 1/2, 1/4, 1/8 and 1/16."""

    def __init__(self):
        super().__init__()
        self.head_conv = conv_bn_relu(3, 32)
        self.block_1 = InvertedResidual(32, 16, stride=1, expansion=1)
        self.block_2 = inverted_residuals(STAGES[0])
        self.block_3 = inverted_residuals(STAGES[1])
        self.block_4 = inverted_residuals(STAGES[2])
        self.block_5 = inverted_residuals(STAGES[3])
        self.block_6 = inverted_residuals(STAGES[4])
        ((in_channels, out_channels, stride),) = STAGES[5].blocks()  # one block: its name has no number
        self.block_7 = InvertedResidual(in_channels, out_channels, stride=stride, expansion=EXPANSION)

    def construct(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return s1 (N, 16, H, W), s2 (24, 1/2), s3 (32, 1/4), s4 (96, 1/8), s5 (320, 1/16)."""
        s1 = self.block_1(self.head_conv(image))
        s2 = self.block_2(s1)
        s3 = self.block_3(s2)
        s4 = self.block_5(self.block_4(s3))
        s5 = self.block_7(self.block_6(s4))
        return s1, s2, s3, s4, s5
