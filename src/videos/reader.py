"""What a video holds, as players show it: frames, each with its time."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import av
import av.error
import numpy as np
from av.codec.context import Flags
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from src.images.files import ImageError
from src.videos.coding import Coding
from src.videos.frame_shape import turned, with_square_pixels

_USUAL_RATE = Fraction(25)
_MICROSECONDS = 1_000_000
_ROUNDING = Fraction(3, 2000)  # seconds; Matroska tells times in milliseconds


class Frame(NamedTuple):
    """A frame as it is shown."""

    image: np.ndarray  # (H, W, 3) uint8, BGR
    time: Fraction  # seconds, on the clock of the sound
    duration: Fraction  # seconds


def open_container(path: Path) -> InputContainer:
    """Open a video's file, whatever its name: an absolute one is never taken for a protocol or a flag.

    Raises:
        ImageError: it is no video.
    """
    try:
        return av.open(str(path.absolute()), metadata_errors="replace")
    except (av.error.FFmpegError, OSError):
        raise ImageError(f"{path}: cannot be read as a video") from None


class VideoReader:
    """A video's frames, upright, with square pixels; to be entered.

    Args:
        path: the video.

    Attributes:
        height: in square pixels, as shown.
        width: likewise.
        coding: of its colours.
        rate: frames a second, about.
        tick: the finest distance of times, in seconds.
        origin: the time in the file that is 0 here and for the sound.
        expected: the number of frames, about; None where the file does not say it.
        lost: frames, about, that cannot be read; known after the last one.
        remarks: what a user should know of it.

    Raises:
        ImageError: it is no video, or not one frame can be read.
    """

    def __init__(self, path: Path):
        self._container = open_container(path)
        try:
            self._stream = self._container.streams.best("video")
            first = None
            if self._stream is not None and self._stream.codec_context is not None:
                self._stream.thread_type = "AUTO"
                self._stream.codec_context.flags |= Flags.unaligned  # crops by any number of pixels
                self._damaged, self._read_until = 0, Fraction(0)
                self._frames = self._decode()
                first = next(self._frames, None)
            if first is None or min(first.height, first.width) < 2:
                raise ImageError(f"{path}: cannot be read as a video")
        except BaseException:
            self._container.close()
            raise
        self._first = first
        stream = self._stream
        self.coding = Coding.of(first)
        self.rate = stream.average_rate or stream.guessed_rate or _USUAL_RATE
        self.tick = first.time_base or 1 / self.rate
        matrix = first.side_data.get("DISPLAYMATRIX")
        self._matrix = None if matrix is None else bytes(matrix)  # of H.264, only the first frame may have it
        self._size = with_square_pixels(first.height, first.width, stream.sample_aspect_ratio)
        self.height, self.width = self._shown(first).shape[:2]
        self.origin = self._origin()
        self._start = Fraction(0) if first.pts is None else first.pts * self.tick - self.origin
        self.expected = self._said_frames()
        self.lost = 0
        self.remarks = self.coding.remarks()
        tracks = [each for each in self._container.streams.video if not _is_cover(each)]
        if len(tracks) > 1:
            self.remarks.append(f"holds {len(tracks)} picture tracks; the main one is matted")

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def frames(self) -> Iterator[Frame]:
        """All of them, in order; their times increase."""
        for frame, time, duration in self._timed():
            yield Frame(self._shown(frame), time, duration)

    def pictures(self) -> Iterator[tuple[Callable[[], np.ndarray], Fraction]]:
        """What makes an image of each of `frames` for a look at it, in any thread, and its time."""
        for frame, time, _ in self._timed():
            yield partial(self._shown, frame, quick=True), time

    def _timed(self) -> Iterator[tuple[VideoFrame, Fraction, Fraction]]:
        earliest = end = self._start
        count = 0
        for frame in itertools.chain([self._first], self._frames):
            found = end if frame.pts is None else frame.pts * self.tick - self.origin
            time = max(found, earliest)
            earliest = time + self.tick
            duration = frame.duration * self.tick if frame.duration else 1 / self.rate
            end = time + duration
            count += 1
            yield frame, time, duration
        self.lost = self._damaged + self._missing(count, end)

    def _decode(self) -> Iterator[VideoFrame]:
        for packet in self._packets():
            try:
                yield from self._stream.decode(packet)
            except av.error.FFmpegError:
                self._damaged += 1

    def _packets(self) -> Iterator[Packet | None]:
        """Those of the picture; the last one is empty, and asks the decoder for what it holds back."""
        try:
            for packet in self._container.demux(self._stream, *self._container.streams.audio):
                if packet.pts is not None:
                    end = (packet.pts + (packet.duration or 0)) * packet.time_base
                    self._read_until = max(self._read_until, end)
                if packet.stream is self._stream:
                    yield packet
        except (av.error.FFmpegError, OSError):  # the file is damaged: what was read is kept
            yield None

    def _shown(self, frame: VideoFrame, quick: bool = False) -> np.ndarray:
        return turned(self.coding.to_bgr(frame, *self._size, quick), self._matrix)

    def _origin(self) -> Fraction:
        """The start of what starts first; where sound starts before 0, only its coder has begun."""
        start = Fraction(max(0, self._container.start_time or 0), _MICROSECONDS)
        if self._first.pts is None:
            return start
        return min(start, self._first.pts * self.tick)

    def _said_end(self) -> Fraction | None:
        """When the picture ends by what the file says of it, in seconds; None where it says nothing."""
        stream = self._stream
        if stream.frames and stream.duration:
            return self._start + stream.duration * stream.time_base
        with contextlib.suppress(KeyError, ValueError):
            hours, minutes, seconds = stream.metadata["DURATION"].split(":")  # Matroska
            return Fraction(hours) * 3600 + Fraction(minutes) * 60 + Fraction(seconds) - self.origin
        return None

    def _said_end_of_all(self) -> Fraction | None:
        """When the picture and sound have ended by what the file says, in seconds."""
        if not self._container.duration:
            return None
        tracks = [self._stream, *self._container.streams.audio]
        # ASF gives each track the duration of all, to which libavformat adds when the track starts.
        longest = max((each.duration * each.time_base for each in tracks if each.duration), default=None)
        duration = Fraction(self._container.duration, _MICROSECONDS)
        return duration if longest is None else min(duration, longest)

    def _said_frames(self) -> int | None:
        end = self._said_end() or self._said_end_of_all()
        return self._stream.frames or (round((end - self._start) * self.rate) if end else None)

    def _missing(self, count: int, end: Fraction) -> int:
        """How many frames, about, are missing at the end."""
        said, reached = self._said_end(), end
        if said is None:
            said, reached = self._said_end_of_all(), max(end, self._read_until - self.origin)
        if said is None or reached + _ROUNDING >= said:
            return 0
        frames = self._stream.frames or round(count * (said - self._start) / (end - self._start))
        return max(0, frames - count - self._damaged)


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & stream.disposition.__class__.attached_pic)
