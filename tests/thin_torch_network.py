"""The networks of tests/thin_network.py in PyTorch."""

import pytest
import torch

from src.pytorch import network, pspnet


class ThinTNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_bn_relu = network.conv_bn_relu(3, 4)
        self.last_conv = torch.nn.Conv2d(4, 3, 1)

    def forward(self, image):
        return self.last_conv(self.conv_bn_relu(image))


class ThinMNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_bn_relu = network.conv_bn_relu(6, 4)
        self.conv = torch.nn.Conv2d(4, 1, 1, bias=False)

    def forward(self, x):
        return self.conv(self.conv_bn_relu(x))


def make_torch_networks_thin(patch: pytest.MonkeyPatch) -> None:
    """Every SHMNet made from now on has thin parts."""
    patch.setattr(network, "TNet", ThinTNet)
    patch.setattr(network, "MNet", ThinMNet)


def make_torch_encoder_short(patch: pytest.MonkeyPatch) -> None:
    """Every T-Net made from now on has as many blocks as with `make_encoder_short`."""
    stage = network.stage

    def short_stage(inputs: int, outputs: int, count: int, stride: int) -> torch.nn.Sequential:
        return stage(inputs, outputs, count if inputs == 16 else 1, stride)

    patch.setattr(network, "stage", short_stage)


def make_torch_pspnet_thin(patch: pytest.MonkeyPatch) -> None:
    """Every PSPNet made from now on has as few layers as with `make_pspnet_thin`."""
    thin = ((1 + (dilation == 4), 4, stride, dilation) for _, _, stride, dilation in pspnet.STAGES)
    patch.setattr(pspnet, "STAGES", tuple(thin))
    patch.setattr(pspnet, "SIDES", (1, 3))
    patch.setattr(pspnet, "PYRAMID_CHANNELS", 8)
    patch.setattr(pspnet, "UP_CHANNELS", (4, 4, 4))
