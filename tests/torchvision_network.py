"""The encoder of torchvision's MobileNetV2 in PyTorch, by its names, but with T-Net's stride in the stem."""

import numpy as np
import torch
from torch import nn

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and std of RGB / 255
_STAGES = ((6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
_MAPS_AFTER = (1, 3, 6, 13, 17)  # what T-Net passes on


def conv_norm(in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU6(),
    )


class Block(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int):
        super().__init__()
        hidden = in_channels * expansion
        self.is_residual = stride == 1 and in_channels == out_channels
        self.conv = nn.Sequential(
            *([conv_norm(in_channels, hidden, 1)] if expansion > 1 else []),
            conv_norm(hidden, hidden, 3, stride, hidden),
            nn.Conv2d(hidden, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(x) if self.is_residual else self.conv(x)


class TorchvisionEncoder(nn.Module):
    """Image (N, 3, H + 2, W + 2), bordered by what T-Net pads with, to T-Net's five maps.

    Its weights and batch normalisations are random, but such that the maps stay moderate.
    """

    def __init__(self, seed: int = 5):
        super().__init__()
        torch.manual_seed(seed)
        blocks = [Block(32, 16, 1, 1)]
        channels = 16
        for expansion, out_channels, repeats, stride in _STAGES:
            for place in range(repeats):
                blocks.append(Block(channels, out_channels, stride if place == 0 else 1, expansion))
                channels = out_channels
        self.features = nn.Sequential(conv_norm(3, 32, 3), *blocks)
        self.features[0][0].padding = (0, 0)
        for conv in self.convolutions():
            nn.init.normal_(conv.weight, 0, (1.7 / conv.weight[0].numel()) ** 0.5)
        for norm in self.norms():
            nn.init.uniform_(norm.weight, 0.8, 1.2)
            nn.init.normal_(norm.bias, 0, 0.2)
            nn.init.normal_(norm.running_mean, 0, 0.2)
            nn.init.uniform_(norm.running_var, 0.7, 1.3)
        self.eval()

    def convolutions(self) -> list[nn.Conv2d]:
        return [module for module in self.modules() if isinstance(module, nn.Conv2d)]

    def norms(self) -> list[nn.BatchNorm2d]:
        return [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        maps = []
        for place, part in enumerate(self.features):
            x = part(x)
            if place in _MAPS_AFTER:
                maps.append(x)
        return maps

    def folded(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weight and bias of each convolution with its batch normalisation folded in."""
        fused = [
            nn.utils.fuse_conv_bn_eval(conv, norm)
            for conv, norm in zip(self.convolutions(), self.norms(), strict=True)
        ]
        return [(conv.weight.detach().numpy(), conv.bias.detach().numpy()) for conv in fused]


@torch.no_grad()
def torchvision_maps(network: TorchvisionEncoder, image: np.ndarray, mean, normalisation) -> list[np.ndarray]:
    """What the network computes of BGR (H, W, 3) uint8, beyond whose border T-Net sees its mean."""
    bordered = np.empty((image.shape[0] + 2, image.shape[1] + 2, 3), np.float32)
    bordered[:] = mean
    bordered[1:-1, 1:-1] = image
    other_mean, std = (np.array(values, np.float32) for values in normalisation)
    x = (bordered[..., ::-1] / 255 - other_mean) / std
    return [each.numpy() for each in network(torch.from_numpy(x.transpose(2, 0, 1).copy()[np.newaxis]))]
