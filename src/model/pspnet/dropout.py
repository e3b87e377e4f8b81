"""Dropout of whole channels, drawn with the samples: MindSpore's own random numbers cannot be resumed."""

from mindspore import Tensor, ops


def drop_channels(x: Tensor, kept: Tensor, share: float) -> Tensor:
    """Drop the channels of (N, C, H, W) where `kept` (N, C) is 0, and scale the others by 1 / (1 - share)."""
    n, c = x.shape[:2]
    return x * (ops.cast(kept, x.dtype) / (1 - share)).reshape(n, c, 1, 1)
