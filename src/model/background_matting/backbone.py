"""The backbones: photo and plate, concatenated, to features down to 1/16 of the size.

The published networks go down to 1/32; here the last stride is 1, and the convolutions after it are dilated.
"""

from functools import partial
from typing import Literal

from mindspore import Tensor, nn

from src.model.backbones.mobilenet_v2 import STAGES, NamedBlock
from src.model.backbones.resnet import ResNet, Stage
from src.model.background_matting.layers import conv_bn_relu

IN_CHANNELS = 6
BackboneName = Literal["mobilenetv2", "resnet50", "resnet101"]
_LARGEST_SCALE = 16


class MobileNetV2(nn.Cell):
    """Maps x (N, 6, H, W) to x1 (16, 1/2), x2 (24, 1/4), x3 (32, 1/8) and x4 (320, 1/16)."""

    channels = (16, 24, 32, 320)

    def __init__(self):
        super().__init__()
        self.stem = conv_bn_relu(IN_CHANNELS, 32, 3, stride=2, relu=nn.ReLU6)
        blocks = [NamedBlock(32, 16, stride=1, expansion=1, norm="bn")]
        ends = []
        scale, dilation = 2, 1
        for stage in STAGES:
            for in_channels, out_channels, stride in stage.blocks():
                strides = scale * stride <= _LARGEST_SCALE
                step = stride if strides else 1
                blocks.append(NamedBlock(in_channels, out_channels, step, dilation=dilation, norm="bn"))
                scale *= step
                if not strides:  # the blocks after it see what they would have seen
                    dilation *= stride
            ends.append(len(blocks))
        self.blocks = nn.CellList(blocks)
        self._to_x2 = tuple(blocks[1 : ends[0]])
        self._to_x3 = tuple(blocks[ends[0] : ends[1]])
        self._to_x4 = tuple(blocks[ends[1] :])

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x1 = self.blocks[0](self.stem(x))
        x2 = x1
        for block in self._to_x2:
            x2 = block(x2)
        x3 = x2
        for block in self._to_x3:
            x3 = block(x3)
        x4 = x3
        for block in self._to_x4:
            x4 = block(x4)
        return x1, x2, x3, x4


class DilatedResNet(ResNet):
    """Maps x (N, 6, H, W) to x1 (64, 1/2), x2 (256, 1/4), x3 (512, 1/8) and x4 (2048, 1/16).

    Args:
        blocks: number of blocks in the third stage, which distinguishes the depths.
    """

    channels = (64, 256, 512, 2048)

    def __init__(self, blocks: int):
        stages = (
            Stage(blocks=3, width=64, stride=1),
            Stage(blocks=4, width=128, stride=2),
            Stage(blocks=blocks, width=256, stride=2),
            Stage(blocks=3, width=512, stride=1, dilation=2),
        )
        super().__init__(IN_CHANNELS, stages)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x1, x2, x3, _, x4 = super().construct(x)
        return x1, x2, x3, x4


BACKBONES = {
    "mobilenetv2": MobileNetV2,
    "resnet50": partial(DilatedResNet, 6),
    "resnet101": partial(DilatedResNet, 23),
}
