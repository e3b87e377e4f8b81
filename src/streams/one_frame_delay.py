"""One-frame delay: single frames at which a pixel's alpha jumps and comes back are smoothed away.

The post-processing of MODNet (Ke et al., AAAI 2022), for mattes that were predicted frame by frame. A frame's
alpha is known only once the next frame's is.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import cv2
import numpy as np

_TOLERANCE = 0.1  # of alpha

Item = TypeVar("Item")


def delay_one_frame(frames: Iterable[tuple[Item, np.ndarray]]) -> Iterator[tuple[Item, np.ndarray]]:
    """Yield each frame as soon as the next one has come, with its alpha repaired.

    Where the alphas before and after differ by at most 0.1, and this one from both by more, it becomes their
    mean. All three are those given, not repaired ones. The first and the last frame stay as they are.

    Args:
        frames: anything that belongs to a frame, and its alpha (H, W) float32 in [0, 1].
    """
    before = waiting = None
    for item, after in frames:
        if waiting is not None:
            yield waiting[0], waiting[1] if before is None else _repaired(before, waiting[1], after)
            before = waiting[1]
        waiting = item, after
    if waiting is not None:
        yield waiting


def _repaired(before: np.ndarray, alpha: np.ndarray, after: np.ndarray) -> np.ndarray:
    size = alpha.shape[::-1]  # a closer look at a frame makes its alpha finer
    before, after = (cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in (before, after))
    jumps = (np.abs(alpha - before) > _TOLERANCE) & (np.abs(alpha - after) > _TOLERANCE)
    comes_back = np.abs(before - after) <= _TOLERANCE
    return np.where(jumps & comes_back, (before + after) / 2, alpha)
