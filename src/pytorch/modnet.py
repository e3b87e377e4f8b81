"""MODNet in PyTorch, an independent reference implementation of src/model/modnet.

The layers have the names of the original network's state dict.
"""

import torch
from torch import nn
from torch.nn import functional

from src.pytorch.layers import Depthwise, conv_bn_relu6, with_bn_relu6

_STAGES = ((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))  # MobileNetV2, table 2


class IBNorm(nn.Module):
    """Batch norm of the first half of the channels, instance norm of the second."""

    def __init__(self, channels: int):
        super().__init__()
        self.half = channels // 2
        self.bnorm = nn.BatchNorm2d(self.half)

    def forward(self, x):
        return torch.cat((self.bnorm(x[:, : self.half]), functional.instance_norm(x[:, self.half :])), 1)


class Conv(nn.Module):
    """Convolution with bias, and unless it is the last layer of its branch, IBNorm and ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, last: bool = False):
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        self.layers = nn.Sequential(conv) if last else nn.Sequential(conv, IBNorm(outputs), nn.ReLU())

    def forward(self, x):
        return self.layers(x)


class Block(nn.Module):
    """MobileNetV2's block; without an expansion where t is 1."""

    def __init__(self, inputs: int, outputs: int, stride: int, t: int):
        super().__init__()
        wide = t * inputs
        self.adds_input = stride == 1 and inputs == outputs
        expand = conv_bn_relu6(inputs, wide, 1) if t > 1 else []
        depthwise = with_bn_relu6(Depthwise(wide, stride))
        self.conv = nn.Sequential(*expand, *depthwise, *conv_bn_relu6(wide, outputs, 1)[:2])

    def forward(self, x):
        return x + self.conv(x) if self.adds_input else self.conv(x)


class Features(nn.Module):
    """MobileNetV2 without its classifier, as `features`."""

    def __init__(self, channels: int):
        super().__init__()
        layers = [nn.Sequential(*conv_bn_relu6(channels, 32, 3, 2)), Block(32, 16, 1, 1)]
        inputs = 16
        for outputs, count, stride in _STAGES:
            for number in range(count):
                layers.append(Block(inputs, outputs, 1 if number else stride, 6))
                inputs = outputs
        self.features = nn.Sequential(*layers, nn.Sequential(*conv_bn_relu6(320, 1280, 1)))


class Backbone(nn.Module):
    """x (N, C, H, W) to features at 1/2, 1/4 and 1/32."""

    def __init__(self, channels: int):
        super().__init__()
        self.model = Features(channels)

    def forward(self, x):
        features = self.model.features
        e2 = features[:2](x)
        e4 = features[2:4](e2)
        return e2, e4, features[4:](e4)


class SqueezeExcitation(nn.Module):
    """Scales each channel by a weight that follows from the means of all."""

    def __init__(self):
        super().__init__()
        reduce, expand = nn.Linear(1280, 320, bias=False), nn.Linear(320, 1280, bias=False)
        self.fc = nn.Sequential(reduce, nn.ReLU(), expand, nn.Sigmoid())

    def forward(self, x):
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


class LRBranch(nn.Module):
    """Low resolution: features at 1/32 to those at 1/8, and the coarse alpha."""

    def __init__(self):
        super().__init__()
        self.se_block = SqueezeExcitation()
        self.conv_lr16x = Conv(1280, 96, 5)
        self.conv_lr8x = Conv(96, 32, 5)
        self.conv_lr = Conv(32, 1, 3, 2, last=True)

    def forward(self, e32):
        l8 = self.conv_lr8x(resize(self.conv_lr16x(resize(self.se_block(e32), 2)), 2))
        return l8, self.conv_lr(l8).sigmoid()


class HRBranch(nn.Module):
    """High resolution: features at 1/2, and the alpha near edges."""

    def __init__(self, channels: int):
        super().__init__()
        self.tohr_enc2x = Conv(16, 32, 1)
        self.conv_enc2x = Conv(channels + 32, 32, 3, 2)
        self.tohr_enc4x = Conv(24, 32, 1)
        self.conv_enc4x = Conv(64, 64, 3)
        self.conv_hr4x = nn.Sequential(Conv(96 + channels, 64, 3), Conv(64, 64, 3), Conv(64, 32, 3))
        self.conv_hr2x = nn.Sequential(Conv(64, 64, 3), Conv(64, 32, 3), Conv(32, 32, 3), Conv(32, 32, 3))
        self.conv_hr = nn.Sequential(Conv(32 + channels, 32, 3), Conv(32, 1, 1, last=True))

    def forward(self, x, e2, e4, l8):
        r2 = self.tohr_enc2x(e2)
        h4 = self.conv_enc2x(torch.cat((resize(x, 0.5), r2), 1))
        h4 = self.conv_enc4x(torch.cat((h4, self.tohr_enc4x(e4)), 1))
        h4 = self.conv_hr4x(torch.cat((h4, resize(l8, 2), resize(x, 0.25)), 1))
        h2 = self.conv_hr2x(torch.cat((resize(h4, 2), r2), 1))
        return h2, self.conv_hr(torch.cat((resize(h2, 2), x), 1)).sigmoid()


class Fusion(nn.Module):
    """Both branches to the matte."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv_lr4x = Conv(32, 32, 5)
        self.conv_f2x = Conv(64, 32, 3)
        self.conv_f = nn.Sequential(Conv(32 + channels, 16, 3), Conv(16, 1, 1, last=True))

    def forward(self, x, l8, h2):
        f2 = self.conv_f2x(torch.cat((resize(self.conv_lr4x(resize(l8, 2)), 2), h2), 1))
        return self.conv_f(torch.cat((resize(f2, 2), x), 1)).sigmoid()


class MODNet(nn.Module):
    """x (N, C, H, W) to semantic (N, 1, H/16, W/16), detail and matte (N, 1, H, W)."""

    def __init__(self, channels: int = 3):
        super().__init__()
        self.backbone = Backbone(channels)
        self.lr_branch = LRBranch()
        self.hr_branch = HRBranch(channels)
        self.f_branch = Fusion(channels)

    def forward(self, x):
        e2, e4, e32 = self.backbone(x)
        l8, semantic = self.lr_branch(e32)
        h2, detail = self.hr_branch(x, e2, e4, l8)
        return semantic, detail, self.f_branch(x, l8, h2)


def resize(x, factor: float):
    """Bilinear interpolation with pixel centres at half-integers, without antialiasing."""
    return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def supervised_loss(semantic, detail, matte, *, image, alpha, trimap):
    """The loss with true alphas: the terms semantic, detail and matte, whose sum is minimised.

    Args:
        semantic: predicted coarse alpha.
        detail: predicted alpha near edges.
        matte: predicted alpha.
        image: the colours (N, 3, H, W) in [-1, 1].
        alpha: true alpha (N, 1, H, W).
        trimap: (N, 1, H, W), 0, 0.5 or 1.
    """
    line = torch.tensor([0.2502210, 0.4995580, 0.2502210], device=alpha.device)
    small = functional.pad(resize(alpha, 1 / 16), (1, 1, 1, 1), mode="reflect")
    true_semantic = functional.conv2d(small, torch.outer(line, line)[None, None])
    unsure = (trimap == 0.5).float()
    near_edges = unsure * matte + (1 - unsure) * trimap
    in_matte = sum(
        (colour * matte - colour * alpha).abs().mean()
        + 4 * (colour * near_edges - colour * alpha).abs().mean()
        for colour in (1, image)
    )
    return (
        10 * (semantic - true_semantic).square().mean(),
        10 * (unsure * (detail - alpha).abs()).mean(),
        in_matte,
    )
