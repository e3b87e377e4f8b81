"""PSPNet as T-Net: dilated ResNet-50, pyramid pooling and three doublings, from image to trimap logits."""

from typing import Any

from mindspore import Tensor, nn, ops

from src.model.layers import UpsampleTwice, check_size
from src.model.pspnet import backbone
from src.model.pspnet.dropout import drop_channels
from src.model.pspnet.pyramid import DROPOUT, Pyramid

CLASSES = 3
PYRAMID_CHANNELS = 1024
UP_CHANNELS = (256, 64, 64)
UP_DROPOUT = 0.15  # share of the channels
_SIZE_MULTIPLE = 8


class PReLU(nn.PReLU):
    """PReLU with one weight, initially 0.25.

    On CPU, MindSpore's gradient of the weight differs from run to run, by the order in which threads add; so
    that training can be repeated, it is computed by other operators.
    """

    def __init__(self):
        super().__init__(1)

    def construct(self, x: Tensor) -> Tensor:
        if self.training:
            positive = ops.relu(x)
            return positive + self.w * (x - positive)
        return super().construct(x)


class Up(nn.Cell):
    """Doubling, convolution 3x3 with bias, batch normalisation, PReLU with one weight.

    In training, the channels where `kept` (N, out_channels) is 0 are dropped.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.up = UpsampleTwice()
        self.conv = nn.SequentialCell(
            nn.Conv2d(in_channels, out_channels, 3, pad_mode="pad", padding=1, has_bias=True),
            nn.BatchNorm2d(out_channels),
            PReLU(),
        )

    def construct(self, x: Tensor, kept: Tensor | None = None) -> Tensor:
        y = self.conv(self.up(x))
        if self.training and kept is not None:
            y = drop_channels(y, kept, UP_DROPOUT)
        return y


def dropout_shares() -> list[tuple[int, float]]:
    """Channels of each place that has dropout, in order, and the share of them that is dropped."""
    return [(PYRAMID_CHANNELS, DROPOUT), *((channels, UP_DROPOUT) for channels in UP_CHANNELS)]


def predict_trimap(parts: Any, image: Tensor, kept: Tensor) -> Tensor:
    """Compute the trimap logits in training, from the network's parts, the attributes of `parts`.

    Args:
        parts: a network, or its parts in mixed precision.
        image: (N, 3, H, W), normalised BGR.
        kept: (N, C) for the C channels of `dropout_shares`; 0 where a channel is dropped.

    Raises:
        ValueError: H or W is not a multiple of 8.
    """
    check_size(image, _SIZE_MULTIPLE)
    kept_of = ops.split(kept, [channels for channels, _ in dropout_shares()], 1)
    _, y = parts.feats(image)
    y = parts.psp(y, kept_of[0])
    y = parts.up_1(y, kept_of[1])
    y = parts.up_2(y, kept_of[2])
    y = parts.up_3(y, kept_of[3])
    return parts.final(y)


class PSPNet(nn.Cell):
    """Maps image (N, 3, H, W), normalised BGR, to trimap logits (N, 3, H, W) in the order of `TrimapClass`.

    The parameters have their published names.

    Raises:
        ValueError: H or W is not a multiple of 8.
    """

    def __init__(self):
        super().__init__()
        self.feats = backbone.Features()
        self.psp = Pyramid(backbone.STAGES[-1].out_channels, PYRAMID_CHANNELS)
        before = (PYRAMID_CHANNELS, *UP_CHANNELS)
        self.up_1, self.up_2, self.up_3 = map(Up, before, UP_CHANNELS)
        self.final = nn.SequentialCell(nn.Conv2d(UP_CHANNELS[-1], CLASSES, 1, has_bias=True))
        for parameter in self.get_parameters():
            parameter.name = backbone.published_name(parameter.name)

    def construct(self, image: Tensor) -> Tensor:
        check_size(image, _SIZE_MULTIPLE)
        _, y = self.feats(image)
        return self.final(self.up_3(self.up_2(self.up_1(self.psp(y)))))
