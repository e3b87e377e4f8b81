"""PSPNet in PyTorch, an independent reference implementation of src/model/pspnet.

The layers have the names of the published state dict, and the classes its order: background, unsure,
foreground.
"""

import torch
from torch import nn
from torch.nn import functional

STAGES = ((3, 64, 1, 1), (4, 128, 2, 1), (6, 256, 1, 2), (3, 512, 1, 4))  # blocks, width, stride, dilation
SIDES = (1, 2, 3, 6)  # of the squares of cells that the pyramid pools to
PYRAMID_CHANNELS = 1024
UP_CHANNELS = (256, 64, 64)
_PUBLISHED_CLASSES = (0, 2, 1)  # by ours


def published_classes(class_map: torch.Tensor) -> torch.Tensor:
    """The published numbers of our classes 0 background, 1 foreground, 2 unsure; integers of any shape."""
    return torch.tensor(_PUBLISHED_CLASSES, device=class_map.device)[class_map]


class Bottleneck(nn.Module):
    """ResNet's block; without a `downsample` where it adds its input as it is."""

    def __init__(self, inputs: int, width: int, stride: int, dilation: int, downsample: nn.Module | None):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = downsample

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        return (y + (self.downsample(x) if self.downsample else x)).relu()


def stage(inputs: int, count: int, width: int, stride: int, dilation: int) -> nn.Sequential:
    """`count` blocks; only the first has the stride, and only the others the dilation."""
    outputs = 4 * width
    downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
    others = (Bottleneck(outputs, width, 1, dilation, None) for _ in range(count - 1))
    return nn.Sequential(Bottleneck(inputs, width, stride, 1, downsample), *others)


class Features(nn.Module):
    """ResNet-50, dilated: image (N, 3, H, W) to the features of its last stage (N, 2048, H/8, W/8)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for number, (count, width, stride, dilation) in enumerate(STAGES, 1):
            self.add_module(f"layer{number}", stage(inputs, count, width, stride, dilation))
            inputs = 4 * width
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image):
        x = functional.max_pool2d(self.bn1(self.conv1(image)).relu(), 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class Pyramid(nn.Module):
    """Features (N, C, H, W) to (N, 1024, H, W), each with the means of ever larger regions around it."""

    def __init__(self, channels: int):
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(side), nn.Conv2d(channels, channels, 1, bias=False))
            for side in SIDES
        )
        self.bottleneck = nn.Conv2d((len(SIDES) + 1) * channels, PYRAMID_CHANNELS, 1)

    def forward(self, x):
        maps = [
            functional.interpolate(stage(x), size=x.shape[2:], mode="bilinear", align_corners=False)
            for stage in self.stages
        ]
        return self.bottleneck(torch.cat((*maps, x), 1)).relu()


class Up(nn.Module):
    """(N, inputs, H, W) to (N, outputs, 2 H, 2 W)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv = nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.PReLU())

    def forward(self, x):
        return self.conv(functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))


class PSPNet(nn.Module):
    """Image (N, 3, H, W), sides multiples of 8, to trimap logits (N, 3, H, W)."""

    def __init__(self):
        super().__init__()
        self.feats = Features()
        self.psp = Pyramid(4 * STAGES[-1][1])
        self.drop_1 = nn.Dropout2d(0.3)
        before = (PYRAMID_CHANNELS, *UP_CHANNELS)
        self.up_1, self.up_2, self.up_3 = map(Up, before, UP_CHANNELS)
        self.drop_2 = nn.Dropout2d(0.15)
        self.final = nn.Sequential(nn.Conv2d(UP_CHANNELS[-1], 3, 1))

    def forward(self, image):
        y = self.drop_1(self.psp(self.feats(image)))
        for up in (self.up_1, self.up_2, self.up_3):
            y = self.drop_2(up(y))
        return self.final(y).float()  # autocast may have made it bfloat16


class TrimapNetwork(nn.Module):
    """PSPNet as `backbone`, as the published program holds it."""

    def __init__(self):
        super().__init__()
        self.backbone = PSPNet()

    def forward(self, image):
        return self.backbone(image)
