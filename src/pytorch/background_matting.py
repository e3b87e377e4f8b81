"""Background Matting V2 with MobileNetV2 in PyTorch, an independent reference implementation.

The layers have the names of the authors' state dict. In training, the refiner computes the whole picture.
"""

import torch
from torch import nn
from torch.nn import functional

from src.description.plate_form import CELL, training_scale
from src.pytorch.layers import Depthwise, conv_bn_relu, conv_bn_relu6, with_bn_relu6

_HIDDEN = 32  # channels of the base network for the refiner
_WINDOW = 8  # pixels to a side, which shows a cell and what is around it
_STAGES = (  # outputs, stride of the first block, dilation of each
    (24, 2, (1, 1)),
    (32, 2, (1, 1, 1)),
    (64, 2, (1, 1, 1, 1)),
    (96, 1, (1, 1, 1)),
    (160, 1, (1, 2, 2)),
    (320, 1, (2,)),
)


class Block(nn.Module):
    """MobileNetV2's block; without an expansion where t is 1."""

    def __init__(self, inputs: int, outputs: int, stride: int, dilation: int, t: int):
        super().__init__()
        wide = t * inputs
        self.adds_input = stride == 1 and inputs == outputs
        expand = [nn.Sequential(*conv_bn_relu6(inputs, wide, 1))] if t > 1 else []
        depthwise = nn.Sequential(*with_bn_relu6(Depthwise(wide, stride, dilation)))
        self.conv = nn.Sequential(*expand, depthwise, *conv_bn_relu6(wide, outputs, 1)[:2])

    def forward(self, x):
        return x + self.conv(x) if self.adds_input else self.conv(x)


class MobileNetV2(nn.Module):
    """x (N, 6, H, W) to features at 1/2, 1/4, 1/8 and 1/16."""

    def __init__(self):
        super().__init__()
        layers = [nn.Sequential(*conv_bn_relu6(6, 32, 3, 2)), Block(32, 16, 1, 1, t=1)]
        inputs = 16
        for outputs, stride, dilations in _STAGES:
            for number, dilation in enumerate(dilations):
                layers.append(Block(inputs, outputs, 1 if number else stride, dilation, t=6))
                inputs = outputs
        self.features = nn.Sequential(*layers)

    def forward(self, x):
        x1 = self.features[:2](x)
        x2 = self.features[2:4](x1)
        x3 = self.features[4:7](x2)
        return x1, x2, x3, self.features[7:](x3)


class ASPP(nn.Module):
    """Features (N, 320, H, W) to (N, 256, H, W)."""

    def __init__(self):
        super().__init__()
        pooling = nn.Sequential(nn.AdaptiveAvgPool2d(1), *conv_bn_relu(320, 256, 1))
        atrous = (conv_bn_relu(320, 256, 3, dilation) for dilation in (3, 6, 9))
        self.convs = nn.ModuleList([conv_bn_relu(320, 256, 1), *atrous, pooling])
        self.project = nn.Sequential(*conv_bn_relu(5 * 256, 256, 1), nn.Dropout(0.5))

    def forward(self, x):
        branches = [conv(x) for conv in self.convs]
        branches[-1] = branches[-1].expand_as(branches[0])
        return self.project(torch.cat(branches, 1))


class Decoder(nn.Module):
    """Features of the pyramid, x3, x2, x1 and the input to 37 channels."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(256 + 32, 128, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(128)
        self.conv2 = nn.Conv2d(128 + 24, 64, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.conv3 = nn.Conv2d(64 + 16, 48, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(48)
        self.conv4 = nn.Conv2d(48 + 6, 37, 3, padding=1)

    def forward(self, y, x3, x2, x1, x):
        for skip, conv, norm in (
            (x3, self.conv1, self.bn1),
            (x2, self.conv2, self.bn2),
            (x1, self.conv3, self.bn3),
        ):
            y = norm(conv(torch.cat((resize(y, skip.shape[2:]), skip), 1))).relu()
        return self.conv4(torch.cat((resize(y, x.shape[2:]), x), 1))


class Refiner(nn.Module):
    """Coarse outputs to pha and residual (N, 4, H, W) of the whole picture."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(_HIDDEN + 4 + 6, 24, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(24)
        self.conv2 = nn.Conv2d(24, 16, 3, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.conv3 = nn.Conv2d(16 + 6, 12, 3, bias=False)
        self.bn3 = nn.BatchNorm2d(12)
        self.conv4 = nn.Conv2d(12, 4, 3)

    def forward(self, images, coarse, err):
        return self.correct(*padded(images, coarse))

    def correct(self, half, full):
        """Pictures or windows, at half and at full size, to pha and residual."""
        x = self.bn1(self.conv1(half)).relu()
        x = self.bn2(self.conv2(x)).relu()
        x = functional.interpolate(x, scale_factor=2)
        x = self.bn3(self.conv3(torch.cat((x, full), 1))).relu()
        return self.conv4(x)


class SamplingRefiner(Refiner):
    """Refines the cells of 4x4 pixels with the largest expected error, `sample_pixels` in each picture."""

    def __init__(self, sample_pixels: int = 80_000):
        super().__init__()
        self.sample_cells = sample_pixels // CELL**2

    def forward(self, images, coarse, err):
        half, full = padded(images, coarse)
        height, width = images.shape[2:]
        errors = resize(err, (height // CELL, width // CELL)).flatten(1)
        largest, cell = errors.topk(min(self.sample_cells, errors.shape[1]))
        image, number = (largest > 0).nonzero(as_tuple=True)
        cell = cell[image, number]
        row, column = cell // (width // CELL), cell % (width // CELL)
        refined = self.correct(
            windows(half, _WINDOW, CELL // 2)[image, :, row, column],
            windows(full, _WINDOW, CELL)[image, :, row, column],
        )
        result = resize(coarse[:, _HIDDEN:], (height, width))
        windows(result, CELL, CELL)[image, :, row, column] = refined
        return result


def padded(images, coarse):
    """What the refiner's layers see of a whole picture, at half and at full size."""
    half = [side // 2 for side in images.shape[2:]]
    x = torch.cat((resize(coarse, half), resize(images, half)), 1)
    return functional.pad(x, (3, 3, 3, 3)), functional.pad(images, (2, 2, 2, 2))


def windows(x, side, step):
    """Views of the windows of a picture (N, C, H, W): (N, C, rows, columns, side, side)."""
    return x.unfold(2, side, step).unfold(3, side, step)


class RefineNetwork(nn.Module):
    """Photo and plate, (N, 3, H, W) RGB in [0, 1] each, to pha, fgr, pha_sm, fgr_sm and err_sm.

    Those with _sm are what the base network says of a copy of `backbone_scale` times the size; None is
    `training_scale`, for square photos.
    """

    def __init__(self, backbone_scale: float | None = 0.25, refiner: Refiner | None = None):
        super().__init__()
        self.backbone = MobileNetV2()
        self.aspp = ASPP()
        self.decoder = Decoder()
        self.refiner = refiner or Refiner()
        self.backbone_scale = backbone_scale

    def forward(self, src, bgr):
        images = torch.cat((src, bgr), 1)
        scale = self.backbone_scale or training_scale(src.shape[3])
        small = resize(images, [int(side * scale) for side in src.shape[2:]])
        pha_sm, residual_sm, err_sm, hid = self._coarse(small)
        refined = self.refiner(images, torch.cat((hid, pha_sm, residual_sm), 1), err_sm)
        fgr_sm = (residual_sm + small[:, :3]).clamp(0, 1)
        return refined[:, :1].clamp(0, 1), (refined[:, 1:] + src).clamp(0, 1), pha_sm, fgr_sm, err_sm

    def predict_base(self, src, bgr):
        """Compute pha, fgr and err of the base network alone."""
        pha, residual, err, _ = self._coarse(torch.cat((src, bgr), 1))
        return pha, (residual + src).clamp(0, 1), err

    def _coarse(self, x):
        x1, x2, x3, x4 = self.backbone(x)
        y = self.decoder(self.aspp(x4), x3, x2, x1, x)
        return y[:, :1].clamp(0, 1), y[:, 1:4], y[:, 4:5].clamp(0, 1), y[:, 5:].relu()


def resize(x, size):
    """Bilinear interpolation with pixel centres at half-integers, without antialiasing."""
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=False)
