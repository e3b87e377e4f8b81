"""The decoder: back to the size of the input, by way of the backbone's features."""

from collections.abc import Sequence

from mindspore import Tensor, nn, ops

from src.model.background_matting.aspp import CHANNELS
from src.model.background_matting.backbone import IN_CHANNELS
from src.model.background_matting.layers import resize

HIDDEN = 32  # channels of hid
OUT_CHANNELS = 1 + 3 + 1 + HIDDEN  # pha, residual, err, hid


def _conv(in_channels: int, out_channels: int, has_bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, pad_mode="pad", padding=1, has_bias=has_bias)


class Decoder(nn.Cell):
    """Maps the pyramid's features (N, 256, H/16, W/16), x3, x2, x1 and x (N, 6, H, W) to (N, 37, H, W).

    Args:
        skips: channels of x1 (1/2), x2 (1/4) and x3 (1/8).
    """

    def __init__(self, skips: Sequence[int]):
        super().__init__()
        x1, x2, x3 = skips
        self.conv1 = _conv(CHANNELS + x3, 128)
        self.bn1 = nn.BatchNorm2d(128)
        self.conv2 = _conv(128 + x2, 64)
        self.bn2 = nn.BatchNorm2d(64)
        self.conv3 = _conv(64 + x1, 48)
        self.bn3 = nn.BatchNorm2d(48)
        self.conv4 = _conv(48 + IN_CHANNELS, OUT_CHANNELS, has_bias=True)
        self.relu = nn.ReLU()

    def construct(self, y: Tensor, x3: Tensor, x2: Tensor, x1: Tensor, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(_join(y, x3))))
        y = self.relu(self.bn2(self.conv2(_join(y, x2))))
        y = self.relu(self.bn3(self.conv3(_join(y, x1))))
        return self.conv4(_join(y, x))


def _join(y: Tensor, skip: Tensor) -> Tensor:
    return ops.concat((resize(y, skip.shape[2:]), skip), 1)
