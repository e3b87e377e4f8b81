"""A video in, videos of its alpha and of the person before another background out."""

import contextlib
import itertools
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from src.common.atomic_file import atomic_path
from src.common.errors import UserError
from src.common.progress import say
from src.common.read_ahead import map_ahead
from src.images.files import ImageError
from src.inference.cutout import CutoutMaker, naming_failures
from src.inference.jobs import COMPOSITE, Job
from src.inference.temporal_smoothing import TemporalSmoothing
from src.inference.video_scan import Video, said_frame_count

_CODEC = cv2.VideoWriter.fourcc(*"mp4v")  # what OpenCV writes on every machine


def matte_video(
    job: Job, video: Video, cutouts: CutoutMaker, on_frame: Callable[[], object] = lambda: None
) -> int:
    """Write a video's alpha (grey) and composite, with its sound where ffmpeg is installed.

    An odd last row or column is cut off, since the format has even sizes.

    Args:
        job: the video.
        video: what `scan_video` found in it.
        cutouts: how.
        on_frame: called after each frame.

    Returns:
        The number of frames.

    Raises:
        ImageError: the video cannot be matted, or its results have no place in the format.
        UserError: results cannot be written.
    """
    reader = cv2.VideoCapture(str(job.source))
    paths = job.missing(cutouts.background.is_transparent, cutouts.overwrite)
    smooth = TemporalSmoothing()
    count = 0

    def finish(found: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
        image, pred_alpha = found
        alpha = cutouts.alpha(image, pred_alpha)
        return [cutouts.picture(image, alpha) if _has_sound(path) else alpha for path in paths]

    with (
        ThreadPoolExecutor(1) as readers,
        ThreadPoolExecutor(1) as writers,
        naming_failures(job.source),
        _open_videos(job.source, paths, video) as write,
    ):
        frames = map_ahead(readers, lambda _: reader.read()[1], itertools.count())
        images = itertools.takewhile(lambda image: image is not None, frames)
        predicted = ((image, smooth(image, cutouts.matting.predict(image).alpha)) for image in images)
        for pictures in map_ahead(writers, finish, predicted):
            write(pictures)
            count += 1
            on_frame()
        if not count:
            raise ImageError(f"{job.source}: cannot be read as a video")
    return count


def _has_sound(path: Path) -> bool:
    """Whether a result is the composite, rather than alpha."""
    return path.stem.endswith(COMPOSITE)


@contextlib.contextmanager
def _open_videos(
    source: Path, paths: list[Path], video: Video
) -> Iterator[Callable[[list[np.ndarray]], None]]:
    """Videos that are written side by side: yields what adds a picture to each. All appear whole or none."""
    height, width = video.height // 2 * 2, video.width // 2 * 2
    rate = round(video.rate, 2)  # finer ones are more than the format can tell
    count = 0

    def write(pictures: list[np.ndarray]) -> None:
        nonlocal count
        count += 1
        for writer, picture in zip(writers, pictures, strict=True):
            picture = picture[:height, :width]
            writer.write(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture)

    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(atomic_path(path)) for path in paths]
        writers = [cv2.VideoWriter(str(file), _CODEC, rate, (width, height)) for file in files]
        if not all(writer.isOpened() for writer in writers):
            raise ImageError(f"{source}: OpenCV cannot write videos of {width}x{height} at {rate} a second")
        try:
            yield write
        finally:
            for writer in writers:
                writer.release()
        for file, path in zip(files, paths, strict=True):
            if said_frame_count(file) != count:  # OpenCV says nothing
                raise UserError(f"{path}: the video cannot be written; make room or choose another folder")
            if _has_sound(path):
                _add_sound(file, source, count)


def _add_sound(video: Path, source: Path, count: int) -> None:
    """Copy the sound of `source`, if there is any, into a video of so many frames, if ffmpeg is there."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return
    with_sound = video.with_name(f"{video.stem}.sound{video.suffix}")
    streams = ["-map", "0:v", "-map", "1:a?", "-c:v", "copy", "-c:a"]
    command = [ffmpeg, "-v", "error", "-y", "-i", video, "-i", source, *streams]
    try:
        for sound in ("copy", "aac"):  # mp4 has no place for some kinds of sound
            result = subprocess.run(
                [*command, sound, with_sound], stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
            if result.returncode == 0 and said_frame_count(with_sound) == count:
                with_sound.replace(video)
                return
        reason = (result.stderr.decode(errors="replace").strip().splitlines() or ["frames were lost"])[-1]
        say(f"{source}: its sound could not be copied: {reason}")
    finally:
        with_sound.unlink(missing_ok=True)
