"""Layers that the branches share; their names are those of the parameters."""

from collections import OrderedDict

from mindspore import Tensor, nn, ops

from src.model.layers import InFloat32, padded_conv
from src.model.modnet.ib_norm import IBNorm


def conv_ib_relu(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> nn.SequentialCell:
    """Convolution with bias, IBNorm, ReLU."""
    conv = padded_conv(in_channels, out_channels, kernel_size, stride=stride, has_bias=True)
    return nn.SequentialCell(OrderedDict(conv=conv, norm=IBNorm(out_channels), relu=nn.ReLU()))


class SigmoidConv(nn.Conv2d, InFloat32):
    """Convolution with bias to one channel, sigmoid."""

    def __init__(self, in_channels: int, kernel_size: int, stride: int = 1):
        padding = kernel_size // 2
        super().__init__(
            in_channels, 1, kernel_size, stride=stride, pad_mode="pad", padding=padding, has_bias=True
        )

    def construct(self, x: Tensor) -> Tensor:
        return ops.sigmoid(super().construct(x))


def shrink(x: Tensor, factor: int) -> Tensor:
    """Bilinear interpolation to 1 / `factor` (2, 4, 16) of the size, without antialiasing.

    With pixel centres at half-integers, that is the mean of the four pixels in the middle of each block.
    """
    batch, channels, height, width = x.shape
    first, end = factor // 2 - 1, factor // 2 + 1  # strided slices have no correct gradient on CPUs
    x = ops.reshape(x, (batch, channels, height // factor, factor, width))[:, :, :, first:end].mean(3)
    x = ops.reshape(x, (batch, channels, height // factor, width // factor, factor))
    return x[:, :, :, :, first:end].mean(4)
