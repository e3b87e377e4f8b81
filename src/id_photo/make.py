"""Snapshots to files of ID photos: what id_photo.py does."""

from collections.abc import Sequence
from pathlib import Path

from src.common.atomic_file import BadNameError, remove_abandoned, write_bytes
from src.common.errors import UserError
from src.common.progress import Progress, say
from src.id_photo.names import is_result
from src.id_photo.studio import Studio
from src.id_photo.wanted import Wanted, results_of
from src.images.files import ImageError, read_photo
from src.inference.cutout import naming_failures
from src.prediction.job import Job
from src.prediction.jobs import find_jobs


def make_id_photos(
    inputs: Sequence[str | Path], wanted: Wanted, studio: Studio, output: str | Path | None = None
) -> int:
    """Make the ID photos of snapshots.

    Args:
        inputs: photos, or folders of them.
        wanted: what is made of each.
        studio: makes them.
        output: folder of the results; None: beside the snapshots.

    Returns:
        How many photos were left out.

    Raises:
        UserError: no input holds a photo, or results cannot be written.
    """
    found = find_jobs(inputs, output)
    # Results of photos whose names differ in the suffix alone have it in their names.
    names = {name for job in found.jobs for name in (job.source.stem, job.source.name)}
    jobs = [job for job in found.jobs if not is_result(job.source, names)]
    problems = [*found.problems, *(f"{job.source}: is a video, not a photo" for job in jobs if job.is_video)]
    for problem in problems:
        print(f"left out: {problem}")
    photos = [job for job in jobs if not job.is_video]
    sources = {job.source.resolve() for job in found.jobs}
    remove_abandoned(job.target.parent / f"any{each}" for job in photos for each in (".jpg", ".png", ".pdf"))
    left_out = len(problems)
    with Progress("ID photos", "photo", len(photos)) as bar:
        for job in photos:
            try:
                with naming_failures(job.source):
                    _make(job, wanted, studio, sources)
            except (ImageError, BadNameError) as error:
                say(f"left out: {error}")
                left_out += 1
            except OSError as error:  # a result's name is too long
                say(f"left out: {job.source}: its results cannot be written: {error.strerror}")
                left_out += 1
            bar.update()
    return left_out


def _make(job: Job, wanted: Wanted, studio: Studio, sources: set[Path]) -> None:
    """Make all pictures of a snapshot, then write them: a snapshot leaves all of its results, or none."""

    def tell(remark: str) -> None:
        say(f"{job.source}: {remark}")

    results = [each for each in results_of(job.target, wanted) if wanted.overwrite or not each.path.exists()]
    if not results:
        tell("has its results already; --overwrite makes them again")
        return
    for each in results:
        if each.path.is_dir() or each.path.resolve() in sources:
            raise ImageError(f"{job.source}: {each.path} is in the way of a result; choose another --output")
    photo = read_photo(job.source)
    alpha = studio.matte(job.source, photo, tell)
    try:
        files = studio.make(photo, alpha, wanted, results, tell)
    except UserError as error:
        raise ImageError(f"{job.source}: {error}") from None
    for path, content in files:
        write_bytes(path, content)
        tell(str(path))
