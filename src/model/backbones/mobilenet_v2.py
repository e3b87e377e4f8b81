"""MobileNetV2 (arXiv:1801.04381) as an encoder whose first features keep the size of the image."""

from mindspore import Tensor, nn

from src.model.layers import conv_bn_relu


class InvertedResidual(nn.Cell):
    """1x1 expansion, depthwise 3x3, linear 1x1 (MobileNetV2, arXiv:1801.04381, section 3.3).

    If the block keeps the input's shape, the input is added to the output.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int, expansion: int):
        super().__init__()
        hidden = in_channels * expansion
        self.is_residual = stride == 1 and in_channels == out_channels
        self.conv = nn.SequentialCell(
            nn.Conv2d(in_channels, hidden, 1),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(),
            nn.Conv2d(hidden, hidden, 3, stride=stride, pad_mode="pad", padding=1, group=hidden),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(),
            nn.Conv2d(hidden, out_channels, 1),
            nn.BatchNorm2d(out_channels),
        )

    def construct(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.is_residual else self.conv(x)


def inverted_residuals(
    in_channels: int, out_channels: int, *, repeats: int, stride: int
) -> nn.SequentialCell:
    """A stage of blocks with expansion 6; the first block applies the stride and changes the channels."""
    first = InvertedResidual(in_channels, out_channels, stride=stride, expansion=6)
    others = [InvertedResidual(out_channels, out_channels, stride=1, expansion=6) for _ in range(repeats - 1)]
    return nn.SequentialCell(first, *others)


class MobileNetV2(nn.Cell):
    """The encoder: maps image (N, 3, H, W) to features at scales 1, 1/2, 1/4, 1/8 and 1/16."""

    def __init__(self):
        super().__init__()
        self.head_conv = conv_bn_relu(3, 32)
        self.block_1 = InvertedResidual(32, 16, stride=1, expansion=1)
        self.block_2 = inverted_residuals(16, 24, repeats=2, stride=2)
        self.block_3 = inverted_residuals(24, 32, repeats=3, stride=2)
        self.block_4 = inverted_residuals(32, 64, repeats=4, stride=2)
        self.block_5 = inverted_residuals(64, 96, repeats=3, stride=1)
        self.block_6 = inverted_residuals(96, 160, repeats=3, stride=2)
        self.block_7 = InvertedResidual(160, 320, stride=1, expansion=6)

    def construct(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return s1 (N, 16, H, W), s2 (24, 1/2), s3 (32, 1/4), s4 (96, 1/8), s5 (320, 1/16)."""
        s1 = self.block_1(self.head_conv(image))
        s2 = self.block_2(s1)
        s3 = self.block_3(s2)
        s4 = self.block_5(self.block_4(s3))
        s5 = self.block_7(self.block_6(s4))
        return s1, s2, s3, s4, s5
