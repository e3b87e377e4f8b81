"""A video in, videos of its alpha and of the person before another background out."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import av.error
import numpy as np

from src.common.atomic_file import atomic_path
from src.common.progress import Progress
from src.common.read_ahead import map_ahead
from src.description.traits import takes_previous
from src.images.files import ImageError
from src.inference.cutout import CutoutMaker, naming_failures
from src.prediction.job import Job
from src.prediction.results import COMPOSITE
from src.streams.stream import Stream
from src.streams.stream_state import described
from src.streams.temporal import Temporal
from src.videos.reader import Frame, VideoReader
from src.videos.sound import Sound
from src.videos.writer import Form, VideoWriter

Found = TypeVar("Found")


class Matted(NamedTuple):
    """What became of a video."""

    frames: int
    lost: int  # frames, about, that it says it has and that cannot be read
    has_all_sound: bool
    resets: str  # how often the alpha of the frame before was emptied, for a model that takes it
    remarks: list[str]


def matte_video(job: Job, cutouts: CutoutMaker, overwrite: bool, temporal: Temporal | None = None) -> Matted:
    """Write a video's alpha (grey) and composite, this with the video's sound.

    An odd last row or column is cut off, since the format has even sizes.

    Args:
        job: the video and where its results go.
        cutouts: makes the pictures of a frame.
        overwrite: whether results that are there are made again.
        temporal: how alpha is made steady; None: as `usual_way`.

    Raises:
        ImageError: the video cannot be matted, or its results have no place in the format.
        UserError: results cannot be written.
    """
    paths = job.missing(cutouts.background.is_transparent, overwrite)
    stream = Stream(cutouts.matting)

    def finish(found: tuple[Frame, np.ndarray]) -> tuple[Frame, list[np.ndarray]]:
        frame, pred_alpha = found
        alpha = cutouts.alpha(frame.image, pred_alpha)
        return frame, [cutouts.picture(frame.image, alpha) if has_colours(path) else alpha for path in paths]

    matted = write_video(job, paths, lambda frames: stream.alphas(frames, temporal), finish)
    if takes_previous(cutouts.matting.info.system):
        matted = matted._replace(resets=described(stream.state.resets))
    return matted


def write_video(
    job: Job,
    paths: list[Path],
    predict: Callable[[Iterator[Frame]], Iterator[Found]],
    finish: Callable[[Found], tuple[Frame, list[np.ndarray]]],
) -> Matted:
    """Write what comes of a video's frames; reading, prediction, and finishing overlap.

    Args:
        job: the video.
        paths: its results that are to be written.
        predict: what the network finds in the frames, in order.
        finish: makes a frame's pictures, one for each of `paths`, from that.

    Raises:
        ImageError, UserError: as `matte_video`.
    """
    count = 0
    with (
        _naming_codec_failures(job.source),
        naming_failures(job.source),
        VideoReader(job.source) as reader,
        ThreadPoolExecutor(1) as readers,
        ThreadPoolExecutor(1) as writers,
        _Results(job.source, paths, reader) as results,
        Progress(job.source.name, "frame", reader.expected) as bar,
    ):
        decoded = reader.frames()
        read = map_ahead(readers, lambda _: next(decoded, None), itertools.count())
        frames = itertools.takewhile(lambda frame: frame is not None, read)
        for frame, pictures in map_ahead(writers, finish, predict(frames)):
            results.write(frame, pictures)
            count += 1
            bar.update()
        results.finish()
    remarks = [*reader.remarks, *results.remarks]
    return Matted(count, reader.lost, not results.lost_sound, "", remarks)


def has_colours(path: Path) -> bool:
    """Whether a result is the composite, rather than alpha."""
    return path.stem.endswith(COMPOSITE)


@contextlib.contextmanager
def _naming_codec_failures(source: Path) -> Iterator[None]:
    try:
        yield
    except av.error.FFmpegError as error:
        raise ImageError(f"{source}: cannot be matted: {error.strerror or error}") from error


class _Results:
    """The results of a video, written side by side; while entered. All appear whole, or none."""

    def __init__(self, source: Path, paths: list[Path], reader: VideoReader):
        self._source, self._paths, self._reader = source, paths, reader
        self._writers: list[VideoWriter] = []
        self._sounds: list[Sound] = []
        self.remarks: list[str] = []
        self.lost_sound = 0

    def __enter__(self) -> "_Results":
        reader = self._reader
        form = Form(reader.height // 2 * 2, reader.width // 2 * 2, reader.coding, reader.rate, reader.tick)
        with contextlib.ExitStack() as stack:
            for path in self._paths:
                writer = VideoWriter(stack.enter_context(atomic_path(path)), form, has_colours(path))
                stack.callback(_close, writer)
                self._writers.append(writer)
                if has_colours(path):
                    sound = stack.enter_context(Sound(self._source, writer.container, reader.origin))
                    self._sounds.append(sound)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> bool | None:
        return self._stack.__exit__(*exception)

    def write(self, frame: Frame, pictures: list[np.ndarray]) -> None:
        """Add a frame's pictures, one for each result, and the sound before it."""
        for sound in self._sounds:
            sound.copy_until(frame.time)
        for writer, picture in zip(self._writers, pictures, strict=True):
            writer.write(picture, frame.time, frame.duration)

    def finish(self) -> None:
        """Write what is still held back; without it, there are no results."""
        for sound in self._sounds:
            sound.finish()
            self.remarks += sound.remarks
            self.lost_sound += sound.lost
        for writer in self._writers:
            writer.finish()


def _close(writer: VideoWriter) -> None:
    """Of a result that failed: that its end cannot be written either is no news."""
    with contextlib.suppress(av.error.FFmpegError, OSError):
        writer.container.close()
