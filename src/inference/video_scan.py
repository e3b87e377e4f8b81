"""What a video holds: its frames and their rate, which what it says of itself may be far from."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2

from src.images.files import ImageError

_USUAL_RATE = 25.0
_ROUNDING = 0.0015  # seconds; Matroska tells times in milliseconds


class Video(NamedTuple):
    """A video that can be read."""

    height: int
    width: int
    frames: int  # that can be read
    rate: float  # their mean number a second
    lost: int  # frames, about, of those that it says it has


def scan_video(path: Path, on_frame: Callable[[], object] = lambda: None) -> Video:
    """Decode a video once, which takes a hundredth of the time that its mattes take.

    Telephones and screen recorders write frames at varying distances: what OpenCV tells as the rate is then
    that of the finest distance. Matroska and WebM store no number of frames, but only how long they last.

    Args:
        path: the video.
        on_frame: called after each frame.

    Raises:
        ImageError: it is no video, or not one frame can be read.
    """
    reader = cv2.VideoCapture(str(path))
    height, width = int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(reader.get(cv2.CAP_PROP_FRAME_WIDTH))
    frames, last_second = 0, 0.0
    if reader.isOpened() and min(height, width) > 1:
        while reader.grab():
            frames += 1
            last_second = reader.get(cv2.CAP_PROP_POS_MSEC) / 1000
            on_frame()
    if not frames:
        raise ImageError(f"{path}: cannot be read as a video")
    said_rate, said_frames = reader.get(cv2.CAP_PROP_FPS), _said_frames(reader)
    rate = said_rate if said_rate > 0 else _USUAL_RATE
    if last_second > 0 and abs((frames - 1) / rate - last_second) > _ROUNDING:
        rate = (frames - 1) / last_second
    # A number of frames may have been made of the length and the rate that is said.
    lasts_as_said = said_rate > 0 and frames / rate + _ROUNDING >= said_frames / said_rate
    return Video(height, width, frames, rate, 0 if lasts_as_said else max(0, said_frames - frames))


def said_frame_count(path: Path) -> int:
    """How many frames a video says that it has; 0 where it does not say."""
    return _said_frames(cv2.VideoCapture(str(path)))


def _said_frames(reader: cv2.VideoCapture) -> int:
    return max(0, int(reader.get(cv2.CAP_PROP_FRAME_COUNT)))
