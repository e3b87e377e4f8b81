"""Layers that several networks have."""

import torch
from torch import nn


def conv_bn_relu(inputs: int, outputs: int, kernel: int = 3, dilation: int = 1) -> nn.Sequential:
    """The three layers: (N, inputs, H, W) to (N, outputs, H, W)."""
    padding = kernel // 2 * dilation
    conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def conv_bn_relu6(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list:
    """The three layers: (N, inputs, H, W) to (N, outputs, H/stride, W/stride)."""
    return with_bn_relu6(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False))


def with_bn_relu6(conv: nn.Conv2d) -> list:
    """The convolution and the two layers after it."""
    return [conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU6()]


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
