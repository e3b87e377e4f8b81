"""Writes videos: H.264 in MP4, each frame at its own time."""

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import av.error
import numpy as np
from av.container import OutputContainer

from src.videos.coding import Coding

# MPEG-4 Part 2, the other usual one, cannot say that a video has full range, and browsers do not play it.
_CODEC = "libx264"
_OPTIONS = {"crf": "12", "preset": "fast", "bf": "0"}  # of no visible loss; frames are stored in order
_FINEST_TICK = Fraction(1, 1_000_000)
_USUAL_TICK = Fraction(1, 90_000)


class Form(NamedTuple):
    """What the pictures of a video have in common."""

    height: int  # even
    width: int  # even
    coding: Coding
    rate: Fraction  # a second, about
    tick: Fraction  # seconds; the finest distance of times


class VideoWriter:
    """A video that is being written.

    Args:
        file: path of the video.
        form: of its pictures.
        keeps_colours: whether it has the primaries and transfer of its source, and not values such as alpha.

    Raises:
        av.error.FFmpegError: the format has no place for it.
        OSError: it cannot be written.
    """

    def __init__(self, file: Path, form: Form, keeps_colours: bool):
        self._form = form
        self._tick = form.tick if form.tick >= _FINEST_TICK else _USUAL_TICK
        self.container: OutputContainer = av.open(str(file.absolute()), "w", format="mp4")
        shape = {"height": form.height, "width": form.width}
        self._stream = self.container.add_stream(_CODEC, form.rate, dict(_OPTIONS), **shape)
        context = self._stream.codec_context
        context.time_base = self._tick
        context.color_range, context.colorspace = form.coding.tagged_range, form.coding.matrix
        if keeps_colours:
            context.color_primaries, context.color_trc = form.coding.primaries, form.coding.transfer
        context.open()
        self._last = -1

    def write(self, picture: np.ndarray, time: Fraction, duration: Fraction) -> None:
        """Add a picture that is shown from a time on, in seconds: (H, W) or (H, W, 3) BGR, uint8."""
        picture = np.ascontiguousarray(picture[: self._form.height, : self._form.width])
        frame = self._form.coding.to_yuv(picture)
        self._last = max(round(time / self._tick), self._last + 1)
        frame.pts, frame.time_base = self._last, self._tick
        frame.duration = max(1, round(duration / self._tick))
        self.container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what is still held back."""
        self.container.mux(self._stream.encode(None))
        self.container.close()
