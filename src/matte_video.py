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
from tqdm import tqdm

from src.atomic_file import atomic_path
from src.cutting import Cutting
from src.errors import UserError
from src.image_io import ImageError
from src.photo_files import COMPOSITE, Job
from src.read_ahead import map_ahead
from src.steadiness import SteadyAlpha

_CODEC = cv2.VideoWriter.fourcc(*"mp4v")  # what OpenCV writes on every machine
_USUAL_RATE = 25.0
_READABLE = 0.9  # of the frames that a video says it has: what it says is often a little wrong


def matte_video(job: Job, cutting: Cutting, on_frame: Callable[[], object] = lambda: None) -> int:
    """Write a video's alpha (grey) and composite, with its sound where ffmpeg is installed.

    An odd last row or column is cut off, since the format has even sizes.

    Args:
        job: the video.
        cutting: how.
        on_frame: called after each frame.

    Returns:
        The number of frames.

    Raises:
        ImageError: the video, or more than a tenth of it, cannot be read.
        UserError: results cannot be written.
    """
    reader = cv2.VideoCapture(str(job.source))
    shape = int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(reader.get(cv2.CAP_PROP_FRAME_WIDTH))
    if not reader.isOpened() or min(shape) < 2:
        raise ImageError(f"{job.source}: cannot be read as a video")
    # Finer rates are more than the format can tell.
    rate = round(reader.get(cv2.CAP_PROP_FPS), 2) or _USUAL_RATE
    paths = job.missing(cutting.background.is_transparent, cutting.overwrite)
    steady = SteadyAlpha()
    count = 0

    def finish(found: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
        image, pred_alpha = found
        alpha = cutting.alpha(image, pred_alpha)
        return [cutting.picture(image, alpha) if _has_sound(path) else alpha for path in paths]

    with (
        ThreadPoolExecutor(1) as readers,
        ThreadPoolExecutor(1) as writers,
        _open_videos(job.source, paths, rate, shape) as write,
    ):
        frames = map_ahead(readers, lambda _: reader.read()[1], itertools.count())
        images = itertools.takewhile(lambda image: image is not None, frames)
        predicted = ((image, steady(image, cutting.matting.predict(image))) for image in images)
        for pictures in map_ahead(writers, finish, predicted):
            write(pictures)
            count += 1
            on_frame()
        expected = frame_count(job.source)
        if count < max(1, _READABLE * expected):
            raise ImageError(f"{job.source}: is damaged: only {count} of {expected} frames can be read")
    if count < expected:
        tqdm.write(f"{job.source}: its last {expected - count} of {expected} frames cannot be read")
    return count


def frame_count(path: Path) -> int:
    """How many frames a video says that it has; 0 where it does not say."""
    return max(0, int(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT)))


def _has_sound(path: Path) -> bool:
    """Whether a result is the composite, rather than alpha."""
    return path.stem.endswith(COMPOSITE)


@contextlib.contextmanager
def _open_videos(
    source: Path, paths: list[Path], rate: float, shape: tuple[int, int]
) -> Iterator[Callable[[list[np.ndarray]], None]]:
    """Videos that are written side by side: yields what adds a picture to each. All appear whole or none."""
    height, width = (side // 2 * 2 for side in shape)
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
            raise UserError(f"{paths[0]}: OpenCV cannot write videos of {width}x{height} at {rate} a second")
        try:
            yield write
        finally:
            for writer in writers:
                writer.release()
        for file, path in zip(files, paths, strict=True):
            if frame_count(file) != count:  # OpenCV says nothing
                raise UserError(f"{path}: the video cannot be written; make room or choose another folder")
            if _has_sound(path):
                _add_sound(file, source, count)


def _add_sound(video: Path, source: Path, count: int) -> None:
    """Copy the sound of `source`, if there is any, into a video of so many frames, if ffmpeg is there."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return
    with_sound = video.with_name(f"{video.stem}.sound{video.suffix}")
    streams = ["-map", "0:v", "-map", "1:a?", "-c", "copy"]
    command = [ffmpeg, "-v", "error", "-y", "-i", video, "-i", source, *streams, with_sound]
    try:
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if result.returncode == 0 and frame_count(with_sound) == count:
            with_sound.replace(video)
        else:
            reason = (result.stderr.strip().splitlines() or ["frames were lost"])[-1]
            tqdm.write(f"{source}: its sound could not be copied: {reason}")
    finally:
        with_sound.unlink(missing_ok=True)
