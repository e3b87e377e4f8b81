"""Videos and their plates: the frames of the video's empty start, and mattes of all frames."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.images.preprocessing import alpha_to_bytes
from src.plates.matting import PlateMatting
from src.prediction.job import Job
from src.prediction.video import Matted, has_colours, write_video
from src.streams.first_frames import FirstFrames
from src.streams.temporal import Temporal, steadied
from src.videos.reader import Frame, VideoReader


class _Seen(NamedTuple):
    """A frame and the person's colours in it."""

    frame: Frame
    foreground: np.ndarray  # BGR (H, W, 3) uint8

    @property
    def image(self) -> np.ndarray:
        return self.frame.image


def first_frames(path: Path, seconds: float = 0) -> list[np.ndarray]:
    """Frames of a video's first seconds, evenly spread, BGR (H, W, 3) uint8; at least the first one.

    Raises:
        ImageError: it is no video, or not one frame can be read.
    """
    found = FirstFrames(seconds)
    with VideoReader(path) as reader:
        for frame in reader.frames():
            if not found.take(frame):
                break
    return found.images


def matte_video_with_plate(
    job: Job,
    paths: list[Path],
    matting: PlateMatting,
    plate: np.ndarray,
    picture: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    temporal: Temporal,
) -> Matted:
    """Write a video's alpha (grey) and composite, this with the video's sound.

    Args:
        job: the video.
        paths: its results that are to be written.
        matting: the matting.
        plate: of all frames, BGR (H, W, 3) uint8, of their size.
        picture: makes a frame's composite from the frame, alpha (H, W) uint8 and the person's colours.
        temporal: how alpha is made steady.

    Raises:
        ImageError, UserError: as `matte_video`.
    """

    def predict(frames: Iterator[Frame]) -> Iterator[tuple[_Seen, np.ndarray]]:
        def found() -> Iterator[tuple[_Seen, np.ndarray]]:
            for frame in frames:
                alpha, foreground = matting.predict(frame.image, plate)
                yield _Seen(frame, foreground), alpha

        return steadied(temporal, found())

    def finish(found: tuple[_Seen, np.ndarray]) -> tuple[Frame, list[np.ndarray]]:
        seen, alpha = found[0], alpha_to_bytes(found[1])
        pictures = [
            picture(seen.image, alpha, seen.foreground) if has_colours(path) else alpha for path in paths
        ]
        return seen.frame, pictures

    return write_video(job, paths, predict, finish)
