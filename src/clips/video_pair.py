"""A clip's frames and alphas as two videos."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src.clips.video_frames import VideoFrames
from src.images.files import ImageError


class VideoPair:
    """Frames of one clip in a video, their alphas in another.

    Args:
        colours: the video of the frames.
        alpha: the video of the alphas, grey.

    Raises:
        ImageError: one of them cannot be read or is cut off, or they differ in size or number of frames.
    """

    def __init__(self, colours: Path, alpha: Path):
        self._colours, self._alpha = VideoFrames(colours), VideoFrames(alpha)
        for what, ours, other in (
            ("frames", len(self._colours), len(self._alpha)),
            ("rows and columns", self._colours.size, self._alpha.size),
        ):
            if ours != other:
                raise ImageError(f"{alpha}: has {other} {what}, but {colours} has {ours}")
        self.size = self._colours.size

    def __len__(self) -> int:
        return len(self._colours)

    def images(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """Read frames, each BGR (H, W, 3) uint8; ImageError where one cannot be read."""
        return self._colours.read(numbers)

    def alphas(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """Read alphas, each (H, W) uint8; ImageError where one cannot be read."""
        return [np.ascontiguousarray(frame[..., 1]) for frame in self._alpha.read(numbers)]
