"""The plate of a stream whose first seconds show the empty place."""

import numpy as np

from src.streams.stream import TimedFrame

_MOST_FRAMES = 15  # that a median is made of, evenly spread: 4K frames take 25 MB each
_ROWS = 64  # whose median is computed at a time


class FirstFrames:
    """Collects frames of a stream's first seconds, evenly spread; at least the first one.

    Args:
        seconds: how many.

    Attributes:
        images: of the frames so far, BGR (H, W, 3) uint8.
    """

    def __init__(self, seconds: float):
        self.images: list[np.ndarray] = []
        self._seconds = seconds
        self._first = self._last = None

    def take(self, frame: TimedFrame) -> bool:
        """Look at the next frame; whether it is one of the first seconds."""
        if self._first is None:
            self._first = frame.time
        elif frame.time - self._first >= self._seconds:
            return False
        if self._last is None or frame.time - self._last >= self._seconds / _MOST_FRAMES:
            self.images.append(frame.image)
            self._last = frame.time
        return True


def median_plate(frames: list[np.ndarray]) -> np.ndarray:
    """The median of each pixel and channel over frames (H, W, 3) uint8; of an even number, the upper one."""
    plate = np.empty_like(frames[0])
    middle = len(frames) // 2
    for top in range(0, len(plate), _ROWS):
        rows = np.stack([frame[top : top + _ROWS] for frame in frames])
        plate[top : top + _ROWS] = np.partition(rows, middle, axis=0)[middle]
    return plate
