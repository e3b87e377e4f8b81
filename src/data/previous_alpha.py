"""The alpha of the frame before, as a model for video sees it in training: true, empty or wrong.

A model that always got the true one would trust it blindly: it would fail where people enter or leave, and
after one bad frame.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import cv2
import numpy as np

from src.images.affine import AffineRanges

DISTURBANCE = AffineRanges(rotation=10, shear=5, scale=(0.85, 1.15), shift=0.1)

Way = Literal["kept", "empty", "disturbed", "other", "left"]


class Shares(NamedTuple):
    """How often each way is drawn, 0 to 1."""

    empty: float = 0.3  # of all samples: as where people enter
    left: float = 0.05  # of all samples: everybody has left; the frame itself shows the background alone
    disturbed: float = 0.3  # of the rest: moved, or the alpha of another sample
    other: float = 0.2  # of the disturbed: that of another sample


def draw_way(rng: np.random.Generator, has_before: bool, can_leave: bool, shares: Shares = Shares()) -> Way:  # noqa: B008
    """Draw what the model sees in place of the true alpha of the frame before.

    Args:
        rng: source of randomness; the number of values drawn is always the same.
        has_before: whether there is a frame before; otherwise it is 'empty'.
        can_leave: whether the background of the frame is known, so that everybody can have left.
        shares: how often each way is drawn.

    Returns:
        'kept', 'empty', 'disturbed' or 'other', as in `previous_alpha`; 'left': the previous alpha is kept,
        and the caller takes the background alone for the frame, with an alpha of 0.
    """
    first, second, third = rng.random(3)
    if not has_before or first < shares.empty:
        return "empty"
    if can_leave and first < shares.empty + shares.left:
        return "left"
    if second >= shares.disturbed:
        return "kept"
    return "other" if third < shares.other else "disturbed"


def previous_alpha(
    rng: np.random.Generator, way: Way, before: np.ndarray, other: Callable[[], np.ndarray]
) -> np.ndarray:
    """The previous alpha that the model sees.

    Args:
        rng: source of randomness.
        way: see `draw_way`.
        before: the true alpha of the frame before, (H, W) float32 in [0, 1], with the crop and flip of the
            frame; any values where the way is 'empty' or 'other'.
        other: gives the alpha of another sample, of the same shape; called only where it is needed.

    Returns:
        (H, W) float32 in [0, 1].
    """
    if way == "empty":
        return np.zeros_like(before)
    if way == "disturbed":
        return disturb(rng, before)
    return other() if way == "other" else before


def disturb(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
    """Turn, shear, scale and shift an alpha (H, W) float32 at random; 0 comes in from outside."""
    height, width = alpha.shape
    matrix = DISTURBANCE.draw(rng).matrix(height, width)
    return cv2.warpAffine(alpha, matrix, (width, height), flags=cv2.INTER_LINEAR)
