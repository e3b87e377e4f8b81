"""Plays a video as if it came from a camera: each frame at its own time, once."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import av.error

from src.images.files import ImageError
from src.live.live_frame import Taken
from src.videos.reader import VideoReader


class PlayedFile:
    """A video that plays.

    Args:
        path: the video.

    Raises:
        ImageError: it cannot be read as a video.
    """

    patience = None

    def __init__(self, path: Path):
        self._path = path
        self._reader = VideoReader(path)

    def frames(self, stop: Event) -> Iterator[Taken]:
        """The frames, as in `VideoReader`, each as soon as its time has come.

        Raises:
            ImageError: the video cannot be read further.
        """
        frames = self._reader.pictures()
        clock = None  # what time.perf_counter() shows at the video's time 0
        while not stop.is_set():
            started = time.perf_counter()
            try:
                frame = next(frames, None)
            except av.error.FFmpegError as error:
                raise ImageError(
                    f"{self._path}: cannot be read further: {error.strerror or error}"
                ) from error
            if frame is None:
                return
            read = time.perf_counter()
            picture, moment = frame[0], float(frame[1])
            if clock is None:
                clock = read - moment
            taken = max(read, clock + moment)
            if not stop.wait(taken - read):
                yield Taken(picture, moment, taken, read - started)

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
