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

from src.atomic_file import atomic_path
from src.background import Background
from src.errors import UserError
from src.foreground import estimate_foreground
from src.image_io import ImageError
from src.matting import Matting
from src.photo_files import Job
from src.preprocessing import alpha_to_bytes
from src.read_ahead import map_ahead
from src.steadiness import SteadyAlpha

_CODEC = cv2.VideoWriter.fourcc(*"mp4v")  # what OpenCV writes on every machine
_USUAL_RATE = 25.0


def matte_video(
    job: Job,
    matting: Matting,
    background: Background,
    estimates_foreground: bool,
    on_frame: Callable[[], object] = lambda: None,
) -> int:
    """Write a video's alpha (grey) and composite, with its sound where ffmpeg is installed.

    Args:
        job: the video.
        matting: makes alpha.
        background: comes behind the person.
        estimates_foreground: whether the old background's colours are taken out of the person's rim.
        on_frame: called after each frame.

    Returns:
        The number of frames.

    Raises:
        ImageError: the video cannot be read.
        UserError: results cannot be written.
    """
    reader = cv2.VideoCapture(str(job.source))
    shape = int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(reader.get(cv2.CAP_PROP_FRAME_WIDTH))
    if not reader.isOpened() or 0 in shape:
        raise ImageError(f"{job.source}: cannot be read as a video")
    rate = reader.get(cv2.CAP_PROP_FPS) or _USUAL_RATE
    steady = SteadyAlpha()

    def finish(found: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
        image, pred_alpha = found
        alpha = alpha_to_bytes(matting.restore(image, pred_alpha))
        if background.is_transparent:
            return [alpha]
        foreground = estimate_foreground(image, alpha) if estimates_foreground else image
        return [alpha, background.behind(image, alpha, foreground)]

    count = 0
    paths = job.results(background.is_transparent)
    with (
        ThreadPoolExecutor(1) as readers,
        ThreadPoolExecutor(1) as writers,
        _open_videos(job.source, paths, rate, shape) as write,
    ):
        frames = map_ahead(readers, lambda _: reader.read()[1], itertools.count())
        images = itertools.takewhile(lambda image: image is not None, frames)
        predicted = ((image, steady(image, matting.predict(image))) for image in images)
        for pictures in map_ahead(writers, finish, predicted):
            write(pictures)
            count += 1
            on_frame()
        if not count:
            raise ImageError(f"{job.source}: holds no frame that can be read")
    return count


def frame_count(path: Path) -> int:
    """How many frames a video says that it has; 0 where it does not say."""
    return max(0, int(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FRAME_COUNT)))


@contextlib.contextmanager
def _open_videos(
    source: Path, paths: list[Path], rate: float, shape: tuple[int, int]
) -> Iterator[Callable[[list[np.ndarray]], None]]:
    """Videos that are written side by side: yields what adds a picture to each. All appear whole or none."""
    count = 0

    def write(pictures: list[np.ndarray]) -> None:
        nonlocal count
        count += 1
        for writer, picture in zip(writers, pictures, strict=True):
            writer.write(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture)

    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(atomic_path(path)) for path in paths]
        writers = [cv2.VideoWriter(str(file), _CODEC, rate, shape[::-1]) for file in files]
        try:
            yield write
        finally:
            for writer in writers:
                writer.release()
        for file, path in zip(files, paths, strict=True):
            if frame_count(file) != count:  # OpenCV says nothing
                raise UserError(f"{path}: the video cannot be written; make room or choose another folder")
        for file in files[1:]:
            _add_sound(file, source)


def _add_sound(video: Path, source: Path) -> None:
    """Copy the sound of `source` into a video, where ffmpeg is installed and there is any."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return
    with_sound = video.with_name(f"{video.stem}.sound{video.suffix}")
    streams = ["-map", "0:v", "-map", "1:a?", "-c", "copy", "-shortest"]
    command = [ffmpeg, "-v", "error", "-y", "-i", video, "-i", source, *streams, with_sound]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0:
        with_sound.replace(video)
    with_sound.unlink(missing_ok=True)
