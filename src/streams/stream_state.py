"""What one stream of frames remembers: the alpha of the frame before, emptied where a new scene begins."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import numpy as np

from src.streams.cut import Glance, is_cut

LONGEST_GAP = 0.5  # seconds

Reset = Literal["first frame", "size", "gap", "cut"]


def described(resets: Mapping[Reset, int]) -> str:
    """How often a stream began anew, and why, such as '2 resets (cut 1, gap 1)'; its first frame is none."""
    later = {reason: count for reason, count in resets.items() if reason != "first frame"}
    reasons = ", ".join(f"{reason} {count}" for reason, count in later.items())
    return f"{sum(later.values())} resets{f' ({reasons})' if reasons else ''}"


class StreamState:
    """The previous alpha of one stream; each stream has one of its own.

    For every frame in turn, take `previous` and give the network's alpha to `keep`.

    Attributes:
        resets: how many frames began with an empty alpha, by reason.
        begins: whether the last frame did.
    """

    def __init__(self):
        self.resets: Counter[Reset] = Counter()
        self.begins = True
        self._alpha: np.ndarray | None = None
        self._shape: tuple[int, ...] | None = None
        self._time: float | None = None
        self._glance: Glance | None = None

    def previous(self, image: np.ndarray, time: float, size: tuple[int, int]) -> np.ndarray:
        """The alpha of the frame before, or zeros.

        Args:
            image: the frame, BGR (H, W, 3) uint8.
            time: when it is shown, in seconds on any clock.
            size: height h and width w of the network's input for this frame.

        Returns:
            (h, w) float32 in [0, 1]: zeros at the first frame, where the frame's or the network's size has
            changed, where more than half a second has passed, or time has gone back, and at a cut.
        """
        glance = Glance.of(image)
        reset = self._reset(image, time, size, glance)
        self._shape, self._time, self._glance = image.shape, time, glance
        self.begins = reset is not None
        alpha, self._alpha = self._alpha, None  # without `keep`, the next frame is a first one
        if not self.begins:
            return alpha
        self.resets[reset] += 1
        return np.zeros(size, np.float32)

    def keep(self, alpha: np.ndarray) -> None:
        """Remember the network's alpha of the frame, (h, w) float32 in [0, 1]."""
        self._alpha = alpha

    def _reset(self, image: np.ndarray, time: float, size: tuple[int, int], glance: Glance) -> Reset | None:
        if self._alpha is None:
            return "first frame"
        if image.shape != self._shape or self._alpha.shape != size:
            return "size"
        if not 0 <= time - self._time <= LONGEST_GAP:
            return "gap"
        return "cut" if is_cut(self._glance, glance) else None
