"""Layers and operations that the networks share."""

from functools import partial

from mindspore import Tensor, ops

from src.model import layers

conv_bn_relu = partial(layers.conv_bn_relu, names=("conv", "bn", "relu"))


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear interpolation of (N, C, H, W) to a size, pixel centres at half-integers, no antialiasing."""
    if x.shape[2:] == tuple(size):
        return x  # which older MindSpore Lite need not do
    return ops.interpolate(x, size=size, mode="bilinear", align_corners=False)


def repeat_pixels(x: Tensor, times: int) -> Tensor:
    """Enlarge (N, C, H, W) by repeating each pixel, as interpolation to the nearest does."""
    n, c, height, width = x.shape
    tiled = ops.tile(x.reshape(n, c, height, 1, width, 1), (1, 1, 1, times, 1, times))
    return tiled.reshape(n, c, times * height, times * width)


def clip(x: Tensor) -> Tensor:
    """Clip values to [0, 1]."""
    return ops.clamp(x, 0.0, 1.0)
