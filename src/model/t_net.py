"""T-Net: MobileNetV2 and UNet, from image to trimap logits (Semantic Human Matting, section 4.1)."""

from mindspore import Tensor, nn

from src.model.backbones.mobilenet_v2 import MobileNetV2
from src.model.layers import UpsampleTwice, check_size


def up_conv(in_channels: int, out_channels: int) -> nn.SequentialCell:
    """Upsampling x2, convolution 3x3 with bias, batch normalisation, ReLU."""
    return nn.SequentialCell(
        UpsampleTwice(),
        nn.Conv2d(in_channels, out_channels, 3, pad_mode="pad", padding=1, has_bias=True),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def merge_skip(channels: int) -> nn.SequentialCell:
    """Convolution 3x3 with bias, batch normalisation; applied after adding a skip connection."""
    return nn.SequentialCell(
        nn.Conv2d(channels, channels, 3, pad_mode="pad", padding=1, has_bias=True),
        nn.BatchNorm2d(channels),
    )


class TNet(nn.Cell):
    """Maps image (N, 3, H, W) to trimap logits (N, 3, H, W), channels in the order of `TrimapClass`.

    Raises:
        ValueError: H or W is not a multiple of 16.
    """

    def __init__(self):
        super().__init__()
        self.feature = MobileNetV2()
        self.s5_up_conv = up_conv(320, 96)
        self.s4_fusion = merge_skip(96)
        self.s4_up_conv = up_conv(96, 32)
        self.s3_fusion = merge_skip(32)
        self.s3_up_conv = up_conv(32, 24)
        self.s2_fusion = merge_skip(24)
        self.s2_up_conv = up_conv(24, 16)
        self.s1_fusion = merge_skip(16)
        self.last_conv = nn.Conv2d(16, 3, 3, pad_mode="pad", padding=1, has_bias=True)

    def construct(self, image: Tensor) -> Tensor:
        check_size(image)
        s1, s2, s3, s4, s5 = self.feature(image)
        s4 = self.s4_fusion(self.s5_up_conv(s5) + s4)
        s3 = self.s3_fusion(self.s4_up_conv(s4) + s3)
        s2 = self.s2_fusion(self.s3_up_conv(s3) + s2)
        s1 = self.s1_fusion(self.s2_up_conv(s2) + s1)
        return self.last_conv(s1)
