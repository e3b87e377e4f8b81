"""Frames of a video by their numbers, wherever they lie in it."""

import contextlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av.error
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from src.images.files import ImageError
from src.videos.coding import Coding
from src.videos.reader import open_container

_LATE = Fraction(5)  # frames by which the last one may come before the end that the file says


class VideoFrames:
    """A video of constant frame rate, of which single frames are read; safe to use from several threads.

    Frame n is the one shown n frame durations after the start.

    Args:
        path: the video.

    Attributes:
        path: the video.
        size: height and width of its frames in pixels.

    Raises:
        ImageError: it is no video, or its end is missing.
    """

    def __init__(self, path: Path):
        self.path = path
        with self._opened() as (container, stream):
            rate = stream.average_rate or stream.guessed_rate
            seconds = stream.duration * stream.time_base if stream.duration else None
            if seconds is None and container.duration:
                seconds = Fraction(container.duration, av.time_base)
            if not rate or not (stream.frames or seconds):
                raise ImageError(f"{path}: does not say how many frames it has")
            self._rate, self._tick, self._start = rate, stream.time_base, stream.start_time or 0
            self._count = stream.frames or round(seconds * rate)
            self.size = stream.codec_context.height, stream.codec_context.width
            last = self._last_number(container, stream)
        if last is None or last < self._count - 1 - (0 if stream.frames else _LATE):
            raise ImageError(f"{path}: is cut off: it says that it has {self._count} frames")
        self._count = min(self._count, last + 1)

    def __len__(self) -> int:
        return self._count

    def read(self, numbers: Sequence[int]) -> list[np.ndarray]:
        """Read some frames, from 0, in any order.

        Returns:
            BGR (H, W, 3) uint8 of each.

        Raises:
            ImageError: one of them cannot be read.
        """
        wanted = sorted(set(numbers))
        with self._opened() as (container, stream):
            found = self._find(container, stream, wanted, seeks=True)
        if len(found) < len(wanted):  # a file whose index leads astray
            with self._opened() as (container, stream):
                found = self._find(container, stream, wanted, seeks=False)
        missing = [number for number in wanted if number not in found]
        if missing:
            raise ImageError(f"{self.path}: frame {missing[0]} cannot be read")
        return [found[number] for number in numbers]

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        try:
            with open_container(self.path) as container:
                stream = container.streams.best("video")
                if stream is None or stream.codec_context is None:
                    raise ImageError(f"{self.path}: cannot be read as a video")
                yield container, stream
        except (av.error.FFmpegError, OSError) as error:
            raise ImageError(f"{self.path}: cannot be read: {error.strerror or error}") from None

    def _find(
        self, container: InputContainer, stream: VideoStream, wanted: Sequence[int], seeks: bool
    ) -> dict[int, np.ndarray]:
        if seeks:
            container.seek(self._time(wanted[0]), stream=stream)
        found, waiting = {}, list(wanted)
        for frame in container.decode(stream):
            number = self._number(frame.pts)
            if number is None or (number > waiting[0] and not found and seeks):
                break  # the seek has led behind the first one
            while waiting and number >= waiting[0]:
                found[waiting.pop(0)] = Coding.of(frame).to_bgr(frame, frame.height, frame.width)
            if not waiting:
                break
        return found

    def _last_number(self, container: InputContainer, stream: VideoStream) -> int | None:
        """The number of the last frame whose data is there."""
        container.seek(self._time(self._count - 1), stream=stream)
        times = [packet.pts for packet in container.demux(stream) if packet.size and not packet.is_corrupt]
        times = [time for time in times if time is not None]
        return self._number(max(times)) if times else None

    def _time(self, number: int) -> int:
        return self._start + round(number / (self._rate * self._tick))

    def _number(self, time: int | None) -> int | None:
        return None if time is None else round((time - self._start) * self._tick * self._rate)
