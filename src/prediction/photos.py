"""Photos in, mattes and cutouts out, file by file: reading, network and the rest overlap."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from src.common.atomic_file import BadNameError
from src.common.read_ahead import map_ahead
from src.images.files import ImageError, Photo, read_photo
from src.images.preprocessing import alpha_to_bytes
from src.inference.cutout import CutoutMaker, naming_failures
from src.inference.from_trimap import TrimapMatting
from src.inference.outputs import Outputs
from src.prediction.job import Job

Result = TypeVar("Result")


class Outcome(NamedTuple):
    """What became of one photo."""

    job: Job
    problem: str  # "" where all went well
    remarks: tuple[str, ...] = ()  # what its reader should know, such as that it is the first of several


class _Predicted(NamedTuple):
    """A photo, and the network's outputs for it."""

    job: Job
    photo: Photo
    outputs: Outputs


def matte_photos(
    jobs: Iterable[Job], cutouts: CutoutMaker, overwrite: bool, from_trimaps: TrimapMatting | None = None
) -> Iterator[Outcome]:
    """Write alpha (grey PNG) and the person before a background (RGBA PNG where it is transparent).

    Args:
        jobs: the photos.
        cutouts: how.
        overwrite: whether results that are there are made again.
        from_trimaps: solves alpha from trimaps; None: it is the network's.

    Yields:
        An outcome for each photo, in order; one that cannot be read or matted leaves nothing behind.

    Raises:
        UserError: results cannot be written.
    """

    def predict(read: tuple[Job, Photo | ImageError]) -> _Predicted | Outcome:
        job, photo = read
        if isinstance(photo, ImageError):
            return Outcome(job, str(photo))
        outputs = _try(lambda: cutouts.matting.run(photo.seen()), job)
        return outputs if isinstance(outputs, Outcome) else _Predicted(job, photo, outputs)

    def finish(predicted: _Predicted | Outcome) -> Outcome:
        return predicted if isinstance(predicted, Outcome) else _try(lambda: write(*predicted), predicted.job)

    def write(job: Job, photo: Photo, outputs: Outputs) -> Outcome:
        seen, remarks = photo.seen(), photo.remarks
        if from_trimaps is None:
            alpha = cutouts.matting.upsample(seen, cutouts.matting.alpha(seen, outputs))
        else:
            alpha, remark = from_trimaps(job.source, seen, outputs)
            remarks += (remark,) if remark else ()
        pictures = cutouts.cut_out(photo, alpha_to_bytes(alpha))
        job.write(pictures, cutouts.background.is_transparent, overwrite)
        return Outcome(job, "", remarks)

    lanes = cutouts.matting.engine.lanes
    with (
        ThreadPoolExecutor(1) as readers,
        ThreadPoolExecutor(lanes) as networks,
        ThreadPoolExecutor(1) as writers,
    ):
        predicted = map_ahead(networks, predict, map_ahead(readers, _read, jobs), lanes + 1)
        yield from map_ahead(writers, finish, predicted)


def _try(step: Callable[[], Result], job: Job) -> Result | Outcome:
    """step(), or what went wrong with a photo: too large or odd for it, or its name too long."""
    try:
        with naming_failures(job.source):
            return step()
    except (ImageError, BadNameError) as error:
        return Outcome(job, str(error))


def _read(job: Job) -> tuple[Job, Photo | ImageError]:
    try:
        return job, read_photo(job.source)
    except ImageError as error:
        return job, error
