"""Photos in, mattes and cutouts out, file by file: reading, network and the rest overlap."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from src.background import Background
from src.foreground import estimate_foreground
from src.image_io import ImageError, read_image, write_image
from src.matting import Matting
from src.photo_files import Job
from src.preprocessing import alpha_to_bytes
from src.read_ahead import map_ahead

_WAITING = 2  # photos at most that wait to be written


class Outcome(NamedTuple):
    """What became of one photo."""

    job: Job
    problem: str  # "" where all went well


def matte_photos(
    jobs: Iterable[Job], matting: Matting, background: Background, estimates_foreground: bool = True
) -> Iterator[Outcome]:
    """Write alpha (grey PNG) and the person before a background (RGBA PNG where it is transparent).

    Args:
        jobs: the photos.
        matting: makes alpha.
        background: comes behind the person.
        estimates_foreground: whether the old background's colours are taken out of the person's rim.

    Yields:
        An outcome for each photo, in order; one that cannot be read leaves nothing behind.

    Raises:
        UserError: results cannot be written.
    """

    def finish(job: Job, image: np.ndarray, pred_alpha: np.ndarray) -> Outcome:
        alpha = alpha_to_bytes(matting.restore(image, pred_alpha))
        foreground = estimate_foreground(image, alpha) if estimates_foreground else image
        alpha_file, picture_file = job.results(background.is_transparent)
        write_image(picture_file, background.behind(image, alpha, foreground))
        write_image(alpha_file, alpha)  # last: a photo counts as done when its alpha is there
        return Outcome(job, "")

    with ThreadPoolExecutor(1) as readers, ThreadPoolExecutor(1) as writers:
        waiting: list[Future[Outcome]] = []
        for job, image in map_ahead(readers, _read, jobs):
            if isinstance(image, ImageError):
                waiting.append(writers.submit(Outcome, job, str(image)))
            else:
                waiting.append(writers.submit(finish, job, image, matting.predict(image)))
            while len(waiting) > _WAITING:
                yield waiting.pop(0).result()
        for each in waiting:
            yield each.result()


def _read(job: Job) -> tuple[Job, np.ndarray | ImageError]:
    try:
        return job, read_image(job.source)
    except ImageError as error:
        return job, error
