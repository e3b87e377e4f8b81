"""Photos in, mattes and cutouts out, file by file: reading, network and the rest overlap."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np

from src.common.atomic_file import BadNameError
from src.common.read_ahead import map_ahead
from src.images.files import ImageError, Photo, read_photo, write_image
from src.inference.cutout import CutoutMaker, naming_failures
from src.inference.jobs import Job
from src.inference.matting import Matte

_WAITING = 2  # photos at most that wait to be written

Result = TypeVar("Result")


class Outcome(NamedTuple):
    """What became of one photo."""

    job: Job
    problem: str  # "" where all went well
    remarks: tuple[str, ...] = ()  # what its reader should know, such as that it is the first of several


def matte_photos(jobs: Iterable[Job], cutouts: CutoutMaker) -> Iterator[Outcome]:
    """Write alpha (grey PNG) and the person before a background (RGBA PNG where it is transparent).

    Args:
        jobs: the photos.
        cutouts: how.

    Yields:
        An outcome for each photo, in order; one that cannot be read or matted leaves nothing behind.

    Raises:
        UserError: results cannot be written.
    """

    def predict(photo: Photo) -> Matte:
        return cutouts.matting.predict(photo.seen())

    def finish(job: Job, photo: Photo, pred_alpha: np.ndarray) -> Outcome:
        pictures = cutouts.cut_out(photo, pred_alpha)
        is_transparent = cutouts.background.is_transparent
        missing = job.missing(is_transparent, cutouts.overwrite)
        for path, picture in zip(job.results(is_transparent), pictures, strict=True):
            if path in missing:
                write_image(path, picture)
        return Outcome(job, "", photo.remarks)

    with ThreadPoolExecutor(1) as readers, ThreadPoolExecutor(1) as writers:
        waiting: list[Future[Outcome]] = []
        for job, photo in map_ahead(readers, _read, jobs):
            if isinstance(photo, ImageError):
                waiting.append(writers.submit(Outcome, job, str(photo)))
            else:
                small = _try(predict, job, photo)
                if isinstance(small, Outcome):
                    waiting.append(writers.submit(lambda outcome: outcome, small))
                else:
                    waiting.append(writers.submit(_try, finish, job, job, photo, small.alpha))
            while len(waiting) > _WAITING:
                yield waiting.pop(0).result()
        for each in waiting:
            yield each.result()


def _try(step: Callable[..., Result], job: Job, *arguments) -> Result | Outcome:
    """step(*arguments), or what went wrong with a photo: too large or odd for it, or its name too long."""
    try:
        with naming_failures(job.source):
            return step(*arguments)
    except (ImageError, BadNameError) as error:
        return Outcome(job, str(error))


def _read(job: Job) -> tuple[Job, Photo | ImageError]:
    try:
        return job, read_photo(job.source)
    except ImageError as error:
        return job, error
