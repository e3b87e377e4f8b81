"""A video's sound, copied into another video beside its picture."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from src.videos.reader import open_container

# Codecs that players know in MP4; others become AAC.
_OF_MP4 = ("aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus", "flac")
_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)  # of AAC
_USUAL_RATE = 48000
_LAYOUTS = (
    "mono",
    "stereo",
    "3.0",
    "4.0",
    "5.0",
    "5.0(side)",
    "5.1",
    "5.1(side)",
    "7.1",
    "7.1(wide)",
)  # likewise
_BITS_OF_CHANNEL = 96_000  # a second


class Sound:
    """All sound tracks of a video; to be entered.

    Args:
        source: the video.
        output: into which they are copied; its header must not be written yet.
        origin: the time in the source, in seconds, that is 0 in the output.

    Attributes:
        remarks: what a user should know of the copy.
        lost: tracks that cannot be copied.
    """

    def __init__(self, source: Path, output: OutputContainer, origin: Fraction):
        self._input = open_container(source)
        self._output = output
        self._tracks: dict[int, _Copied | _Coded] = {}
        self.remarks: list[str] = []
        self.lost = 0
        for number, stream in enumerate(self._input.streams.audio, 1):
            context = stream.codec_context
            if context is None or not context.sample_rate:
                self.lost += 1
                self.remarks.append(f"its sound track {number} cannot be read, and is missing in the result")
            elif context.codec.canonical_name in _OF_MP4:
                self._tracks[stream.index] = _Copied(stream, output, origin)
            else:
                self._tracks[stream.index] = _Coded(stream, output, origin)
                kind = context.codec.canonical_name
                self.remarks.append(f"its sound track {number} becomes AAC: players know no {kind} in MP4")
        self._packets = self._demux()
        self._next = next(self._packets, None)

    def __enter__(self) -> "Sound":
        return self

    def __exit__(self, *exception: object) -> None:
        self._input.close()

    def copy_until(self, time: Fraction) -> None:
        """Copy what is heard before a time of the output, in seconds."""
        while self._next is not None and self._time(self._next) < time:
            self._copy_next()

    def finish(self) -> None:
        """Copy what is left."""
        while self._next is not None:
            self._copy_next()
        for track in self._tracks.values():
            self._output.mux(track.rest())

    def _copy_next(self) -> None:
        self._output.mux(self._tracks[self._next.stream.index].packets(self._next))
        self._next = next(self._packets, None)

    def _time(self, packet: Packet) -> Fraction:
        return packet.dts * packet.time_base - self._tracks[packet.stream.index].origin

    def _demux(self) -> Iterator[Packet]:
        streams = [stream for stream in self._input.streams.audio if stream.index in self._tracks]
        # As with pictures: where the file is damaged, what was read is kept.
        with contextlib.suppress(av.error.FFmpegError, OSError):
            for packet in self._input.demux(*streams) if streams else ():
                if packet.dts is not None:
                    yield packet


class _Copied:
    """A track whose packets are taken as they are."""

    def __init__(self, stream: AudioStream, output: OutputContainer, origin: Fraction):
        self.origin = origin
        self._stream = output.add_stream_from_template(stream)
        _keep_language(stream, self._stream)
        self._shift = round(origin / stream.time_base)
        self._last: int | None = None

    def packets(self, packet: Packet) -> list[Packet]:
        packet.dts -= self._shift
        packet.pts = packet.dts if packet.pts is None else packet.pts - self._shift
        if self._last is not None and packet.dts <= self._last:  # MP4's must increase
            packet.dts = self._last + 1
            packet.pts = max(packet.pts, packet.dts)
        self._last = packet.dts
        packet.stream = self._stream
        return [packet]

    def rest(self) -> list[Packet]:
        return []


class _Coded:
    """A track that becomes AAC."""

    def __init__(self, stream: AudioStream, output: OutputContainer, origin: Fraction):
        self.origin = origin
        self._decoder = stream
        given = stream.codec_context
        rate = given.sample_rate if given.sample_rate in _RATES else _USUAL_RATE
        layout = (
            given.layout.name
            if given.layout.name in _LAYOUTS
            else "mono"
            if given.channels == 1
            else "stereo"
        )
        self._stream = output.add_stream("aac", rate, layout=layout)
        self._stream.codec_context.bit_rate = _BITS_OF_CHANNEL * self._stream.codec_context.channels
        _keep_language(stream, self._stream)

    def packets(self, packet: Packet | None) -> list[Packet]:
        frames = []
        with contextlib.suppress(av.error.InvalidDataError, av.error.EOFError):
            frames = self._decoder.decode(packet)
        coded = []
        for frame in frames:
            if frame.pts is not None:
                time = frame.pts * frame.time_base - self.origin
                frame.time_base = Fraction(1, frame.sample_rate)
                frame.pts = round(time * frame.sample_rate)
            coded += self._stream.encode(frame)
        return coded

    def rest(self) -> list[Packet]:
        return [*self.packets(None), *self._stream.encode(None)]


def _keep_language(source: AudioStream, copy: AudioStream) -> None:
    for key in ("language", "title", "handler_name"):
        if source.metadata.get(key):
            copy.metadata[key] = source.metadata[key]
    copy.disposition = source.disposition.value
