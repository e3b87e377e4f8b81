"""Semantic Human Matting in PyTorch, an independent reference implementation of src/model.

The layers have the names of the original network's state dict.
"""

import torch
from torch import nn

from src.pytorch.layers import Depthwise, conv_bn_relu


class InvertedResidual(nn.Module):
    """MobileNetV2's block: expansion, depthwise convolution, projection; a residual if shapes match."""

    def __init__(self, inputs: int, outputs: int, stride: int, t: int):
        super().__init__()
        wide = t * inputs
        self.adds_input = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
            Depthwise(wide, stride),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x):
        return x + self.conv(x) if self.adds_input else self.conv(x)


def stage(inputs: int, outputs: int, count: int, stride: int) -> nn.Sequential:
    """`count` blocks with expansion factor 6; only the first has the stride."""
    return nn.Sequential(
        *(InvertedResidual(outputs if i else inputs, outputs, 1 if i else stride, 6) for i in range(count))
    )


class Encoder(nn.Module):
    """MobileNetV2: (N, 3, H, W) to feature maps at scales 1, 1/2, 1/4, 1/8, 1/16."""

    def __init__(self):
        super().__init__()
        self.head_conv = conv_bn_relu(3, 32)
        self.block_1 = InvertedResidual(32, 16, 1, 1)
        self.block_2 = stage(16, 24, 2, 2)
        self.block_3 = stage(24, 32, 3, 2)
        self.block_4 = stage(32, 64, 4, 2)
        self.block_5 = stage(64, 96, 3, 1)
        self.block_6 = stage(96, 160, 3, 2)
        self.block_7 = InvertedResidual(160, 320, 1, 6)

    def forward(self, image):
        s1 = self.block_1(self.head_conv(image))
        s2 = self.block_2(s1)
        s3 = self.block_3(s2)
        s4 = self.block_5(self.block_4(s3))
        return s1, s2, s3, s4, self.block_7(self.block_6(s4))


class TNet(nn.Module):
    """UNet on MobileNetV2: image (N, 3, H, W) to trimap logits (N, 3, H, W)."""

    def __init__(self):
        super().__init__()
        self.feature = Encoder()
        channels = {5: 320, 4: 96, 3: 32, 2: 24, 1: 16}
        for k in (5, 4, 3, 2):
            below, above = channels[k], channels[k - 1]
            up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
            up_conv = (up, nn.Conv2d(below, above, 3, padding=1), nn.BatchNorm2d(above), nn.ReLU())
            fusion = (nn.Conv2d(above, above, 3, padding=1), nn.BatchNorm2d(above))
            self.add_module(f"s{k}_up_conv", nn.Sequential(*up_conv))
            self.add_module(f"s{k - 1}_fusion", nn.Sequential(*fusion))
        self.last_conv = nn.Conv2d(16, 3, 3, padding=1)

    def forward(self, image):
        *skips, x = self.feature(image)
        for k in (5, 4, 3, 2):
            up_conv, fusion = getattr(self, f"s{k}_up_conv"), getattr(self, f"s{k - 1}_fusion")
            x = fusion(up_conv(x) + skips[k - 2])
        return self.last_conv(x).float()  # autocast may have made it bfloat16


class MNet(nn.Module):
    """Image and trimap, concatenated to (N, 6, H, W), to alpha_r (N, 1, H, W)."""

    def __init__(self):
        super().__init__()
        for k, (inputs, outputs) in enumerate([(6, 16), (16, 32), (32, 64), (64, 128)], 1):
            self.add_module(f"en_conv_bn_relu_{k}", conv_bn_relu(inputs, outputs))
        for k, (inputs, outputs) in enumerate([(128, 128), (128, 64), (64, 32), (32, 16)], 1):
            self.add_module(f"de_conv_bn_relu_{k}", conv_bn_relu(inputs, outputs))
            double = nn.ConvTranspose2d(outputs, outputs, 5, 2, padding=2, output_padding=1, bias=False)
            self.add_module(f"deconv_{k}", double)
        self.conv = nn.Conv2d(16, 1, 5, padding=2, bias=False)

    def forward(self, x):
        for k in (1, 2, 3, 4):
            x = nn.functional.max_pool2d(getattr(self, f"en_conv_bn_relu_{k}")(x), 3, 2, 1)
        for k in (1, 2, 3, 4):
            x = getattr(self, f"deconv_{k}")(getattr(self, f"de_conv_bn_relu_{k}")(x))
        return self.conv(x).float()


class SHMNet(nn.Module):
    """Image (N, 3, H, W) to trimap logits (N, 3, H, W) and alpha_p (N, 1, H, W)."""

    def __init__(self):
        super().__init__()
        self.t_net = TNet()
        self.m_net = MNet()

    def forward(self, image):
        logits = self.t_net(image)
        trimap = logits.softmax(1)
        return logits, fuse(trimap, self.m_net(torch.cat((image, trimap), 1)))


def fuse(trimap, alpha_r):
    """Fuse probabilities (N, 3, H, W) and alpha_r (N, 1, H, W): alpha_p = foreground + unsure * alpha_r."""
    return trimap[:, 1:2] + trimap[:, 2:3] * alpha_r
