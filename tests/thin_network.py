"""A network of few layers, for tests of what surrounds it: it compiles in a tenth of the time."""

import sys
from types import SimpleNamespace

import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor, nn, ops

from src.model.layers import conv_bn_relu
from src.model.modnet.layers import SigmoidConv, shrink


class ThinTNet(nn.Cell):
    """Image (N, 3, H, W) to trimap logits (N, 3, H, W)."""

    def __init__(self):
        super().__init__()
        self.conv_bn_relu = conv_bn_relu(3, 4)
        self.last_conv = nn.Conv2d(4, 3, 1, has_bias=True)

    def construct(self, image: Tensor) -> Tensor:
        return self.last_conv(self.conv_bn_relu(image))


class ThinMNet(nn.Cell):
    """Image (N, 3, H, W) and trimap (N, 3, H, W) to alpha_r (N, 1, H, W)."""

    def __init__(self):
        super().__init__()
        self.conv_bn_relu = conv_bn_relu(6, 4)
        self.conv = nn.Conv2d(4, 1, 1)

    def construct(self, image: Tensor, trimap: Tensor) -> Tensor:
        return self.conv(self.conv_bn_relu(ops.concat((image, trimap), axis=1)))


def make_networks_thin(patch: pytest.MonkeyPatch) -> None:
    """Every SHMNet made from now on has thin parts."""
    from src.model import network  # which may be importing this module

    patch.setattr(network, "TNet", ThinTNet)
    patch.setattr(network, "MNet", ThinMNet)


def make_encoder_short(patch: pytest.MonkeyPatch) -> None:
    """Every T-Net made from now on has all kinds of blocks, and few that repeat one."""
    from src.model.backbones import mobilenet_v2

    first, *others = mobilenet_v2.STAGES
    patch.setattr(mobilenet_v2, "STAGES", (first, *(each._replace(repeats=1) for each in others)))


def leave_curves_empty(patch: pytest.MonkeyPatch) -> None:
    """Drawing curves.png takes longer than all the rest of an epoch of thin networks."""
    stand_in = SimpleNamespace(draw_curves=lambda rows, path, system, losses: path.write_bytes(b""))
    patch.setitem(sys.modules, "src.training.curves", stand_in)  # which would import Matplotlib


class ThinModnetBackbone(nn.Cell):
    """x (N, C, H, W) to three times the same features (N, 4, H, W)."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv_bn_relu = conv_bn_relu(channels, 4)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        y = self.conv_bn_relu(x)
        return y, y, y


class ThinLRBranch(nn.Cell):
    """Features to themselves and a coarse alpha (N, 1, H/16, W/16)."""

    def __init__(self):
        super().__init__()
        self.semantic = SigmoidConv(4, 1)

    def construct(self, e32: Tensor) -> tuple[Tensor, Tensor]:
        return e32, self.semantic(shrink(e32, 16))


class ThinHRBranch(nn.Cell):
    """Features to themselves and an alpha."""

    def __init__(self):
        super().__init__()
        self.detail = SigmoidConv(4, 1)

    def construct(self, x: Tensor, e2: Tensor, e4: Tensor, l8: Tensor) -> tuple[Tensor, Tensor]:
        return l8, self.detail(l8)


class ThinFusion(nn.Cell):
    """Features to an alpha."""

    def __init__(self):
        super().__init__()
        self.matte = SigmoidConv(4, 1)

    def construct(self, x: Tensor, l8: Tensor, h2: Tensor) -> Tensor:
        return self.matte(h2)


class ThinModnet(nn.Cell):
    """MODNet of few layers."""

    def __init__(self, channels: int):
        super().__init__()
        self.backbone = ThinModnetBackbone(channels)
        self.lr_branch = ThinLRBranch()
        self.hr_branch = ThinHRBranch()
        self.fusion = ThinFusion()


THIN_CHANNELS = 4  # of the ASPP of Background Matting V2


class ThinBackbone(nn.Cell):
    """x (N, 6, H, W) to four features at 1/2 to 1/16."""

    channels = (2, 2, 2, 4)

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(6, 2, 3, stride=2)
        self.last = nn.Conv2d(2, 4, 3, stride=2)
        self.pool = nn.MaxPool2d(2, 2, pad_mode="same")

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x1 = self.conv(x)
        x2 = self.pool(x1)
        x3 = self.pool(x2)
        return x1, x2, x3, self.last(x3)


def make_background_matting_thin(patch: pytest.MonkeyPatch) -> None:
    """Every network of the system background_matting made from now on is thin."""
    from src.model.background_matting import aspp, decoder, network

    for module in (aspp, decoder):
        patch.setattr(module, "CHANNELS", THIN_CHANNELS)
    patch.setitem(network.BACKBONES, "mobilenetv2", ThinBackbone)


def make_pspnet_thin(patch: pytest.MonkeyPatch) -> None:
    """Every PSPNet made from now on has few blocks, branches and channels; strides are as they are."""
    from src.model.pspnet import backbone, network, pyramid

    thin = (each._replace(blocks=1 + (each.dilation == 4), width=4) for each in backbone.STAGES)
    patch.setattr(backbone, "STAGES", tuple(thin))
    patch.setattr(pyramid, "SIDES", (1, 3))
    patch.setattr(network, "PYRAMID_CHANNELS", 8)
    patch.setattr(network, "UP_CHANNELS", (4, 4, 4))


class ThinFeatures(nn.Cell):
    """Image (N, 3, H, W) to features (N, 16, H/8, W/8), twice."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 8, stride=8)

    def construct(self, image: Tensor) -> tuple[Tensor, Tensor]:
        y = self.conv(image)
        return y, y
