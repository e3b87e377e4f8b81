"""The depthwise convolution of MobileNetV2's blocks."""

import torch
from torch import nn


class Depthwise(nn.Conv2d):
    """A 3x3 convolution of each channel by itself: (N, C, H, W) to (N, C, H/stride, W/stride).

    On CPUs, one with a stride is computed in its weights' float32, not in autocast's bfloat16, in which
    oneDNN's gradient takes more than four times as long.
    """

    def __init__(self, channels: int, stride: int = 1, dilation: int = 1):
        super().__init__(
            channels, channels, 3, stride, dilation, dilation=dilation, groups=channels, bias=False
        )

    def forward(self, x):
        if self.stride == (1, 1) or x.device.type != "cpu":
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.to(self.weight.dtype))
