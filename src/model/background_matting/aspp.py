"""Atrous spatial pyramid pooling (DeepLabV3, arXiv:1706.05587): the context of each place, near and far."""

from mindspore import Tensor, nn, ops

from src.model.background_matting.layers import conv_bn_relu

CHANNELS = 256
DROPOUT = 0.5  # share of the values


class ASPP(nn.Cell):
    """Maps x (N, C, H, W) to (N, 256, H, W).

    In training, dropout keeps the values where `kept` (N, 256, H, W) is 1 and drops those where it is 0. It
    comes with the batch, since MindSpore's own random numbers cannot be resumed. Without it, there is no
    dropout.

    Raises:
        ValueError: in training, N is 1: a batch normalisation would see one value of each channel.
    """

    def __init__(self, in_channels: int):
        super().__init__()
        self.pointwise = conv_bn_relu(in_channels, CHANNELS, 1)
        self.atrous3 = conv_bn_relu(in_channels, CHANNELS, 3, dilation=3)
        self.atrous6 = conv_bn_relu(in_channels, CHANNELS, 3, dilation=6)
        self.atrous9 = conv_bn_relu(in_channels, CHANNELS, 3, dilation=9)
        self.pooling = conv_bn_relu(in_channels, CHANNELS, 1)
        self.project = conv_bn_relu(5 * CHANNELS, CHANNELS, 1)

    def construct(self, x: Tensor, kept: Tensor | None = None) -> Tensor:
        if self.training and x.shape[0] == 1:
            raise ValueError("training needs a batch of 2 images or more")
        mean = ops.mean(ops.mean(x, 3, True), 2, True)
        everywhere = ops.tile(self.pooling(mean), (1, 1, *x.shape[2:]))
        branches = (
            self.pointwise(x),
            self.atrous3(x),
            self.atrous6(x),
            self.atrous9(x),
            everywhere,
        )
        y = self.project(ops.concat(branches, 1))
        if self.training and kept is not None:
            y = y * ops.cast(kept, y.dtype) / (1 - DROPOUT)
        return y
