"""Residual networks of bottleneck blocks (He et al., arXiv:1512.03385), which may be dilated at their end."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from mindspore import Tensor, nn

from src.model.layers import pad_with_zeros

STEM_CHANNELS = 64
_WIDENING = 4  # of a block's output over its width


class Stage(NamedTuple):
    """Blocks of one width; the first has the stride, the others the dilation."""

    blocks: int
    width: int
    stride: int
    dilation: int = 1

    @property
    def out_channels(self) -> int:
        """Channels of the stage's output."""
        return _WIDENING * self.width


class Bottleneck(nn.Cell):
    """Maps (N, C, H, W) to (N, 4 * width, H/stride, W/stride); the stride lies in the 3x3 convolution.

    Args:
        in_channels: C.
        width: channels of the 3x3 convolution.
        stride: of the 3x3 convolution.
        dilation: of the 3x3 convolution.
        projects: whether the identity is projected to the shape of the output; else it has that shape.
    """

    def __init__(self, in_channels: int, width: int, *, stride: int, dilation: int, projects: bool):
        super().__init__()
        out_channels = _WIDENING * width
        self.conv1 = nn.Conv2d(in_channels, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(
            width, width, 3, stride=stride, pad_mode="pad", padding=dilation, dilation=dilation
        )
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU()
        self.shortcut = nn.Identity()
        if projects:
            conv = nn.Conv2d(in_channels, out_channels, 1, stride=stride, pad_mode="valid")
            self.shortcut = nn.SequentialCell(OrderedDict(conv=conv, bn=nn.BatchNorm2d(out_channels)))

    def construct(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        return self.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


def bottlenecks(in_channels: int, stage: Stage) -> nn.SequentialCell:
    """The blocks of a stage."""
    first = Bottleneck(in_channels, stage.width, stride=stage.stride, dilation=1, projects=True)
    others = (
        Bottleneck(stage.out_channels, stage.width, stride=1, dilation=stage.dilation, projects=False)
        for _ in range(stage.blocks - 1)
    )
    return nn.SequentialCell(first, *others)


class ResNet(nn.Cell):
    """Maps (N, C, H, W) to the features of the stem (64, 1/2) and of each of four stages.

    Args:
        in_channels: C.
        stages: the four stages; the first works at 1/4 of the size, divided by its stride.
    """

    def __init__(self, in_channels: int, stages: Sequence[Stage]):
        super().__init__()
        conv = nn.Conv2d(in_channels, STEM_CHANNELS, 7, stride=2, pad_mode="pad", padding=3)
        norm = nn.BatchNorm2d(STEM_CHANNELS)
        self.stem = nn.SequentialCell(OrderedDict(conv=conv, bn=norm, relu=nn.ReLU()))
        self.pool = nn.MaxPool2d(3, stride=2)
        before = [STEM_CHANNELS, *(stage.out_channels for stage in stages)]
        self.stage1, self.stage2, self.stage3, self.stage4 = map(bottlenecks, before, stages)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        stem = self.stem(x)
        y1 = self.stage1(self.pool(pad_with_zeros(stem, 1)))  # no value of the stem is below 0
        y2 = self.stage2(y1)
        y3 = self.stage3(y2)
        return stem, y1, y2, y3, self.stage4(y3)
