"""Snapshots to files of ID photos: what id_photo.py does."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from src.common.atomic_file import BadNameError, remove_abandoned, write_bytes
from src.common.errors import UserError
from src.common.progress import Progress, say
from src.id_photo.names import is_pdf_sheet, is_result
from src.id_photo.studio import Studio
from src.id_photo.wanted import Result, Wanted, results_of
from src.images.files import ImageError, read_photo
from src.inference.cutout import naming_failures
from src.prediction.job import Job
from src.prediction.jobs import find_jobs, find_missing


class _Snapshot(NamedTuple):
    """A photo, and the files that it lacks."""

    job: Job
    missing: list[Result]


def make_id_photos(
    inputs: Sequence[str | Path],
    wanted: Wanted,
    load_studio: Callable[[], Studio],
    output: str | Path | None = None,
) -> int:
    """Make the ID photos of snapshots.

    Args:
        inputs: photos, or folders of them.
        wanted: what is made of each.
        load_studio: gives what makes them, where there is something to make.
        output: folder of the results; None: beside the snapshots.

    Returns:
        How many photos were left out.

    Raises:
        UserError: no input holds a photo, or results cannot be written.
    """
    snapshots, left_out = _find_snapshots(inputs, wanted, output)
    if not snapshots:
        return left_out
    studio = load_studio()
    with Progress("ID photos", "photo", len(snapshots)) as bar:
        for snapshot in snapshots:
            try:
                with naming_failures(snapshot.job.source):
                    _make(snapshot, wanted, studio)
            except (ImageError, BadNameError) as error:
                say(f"left out: {error}")
                left_out += 1
            bar.update()
    return left_out


def _find_snapshots(
    inputs: Sequence[str | Path], wanted: Wanted, output: str | Path | None
) -> tuple[list[_Snapshot], int]:
    """Find the photos that lack a result, and print what else there is; with how many are left out."""
    found = find_jobs(inputs, output, is_passed_over=is_pdf_sheet)
    # Results of photos whose names differ in the suffix alone have it in their names.
    names = {name for job in found.jobs for name in (job.source.stem, job.source.name)}
    jobs = [job for job in found.jobs if not is_result(job.source, names)]
    sources = {job.source.resolve() for job in jobs}

    def is_source(path: Path) -> bool:
        return path.resolve() in sources

    problems = list(found.problems)
    snapshots = []
    done = 0
    for job in jobs:
        if job.is_video:
            problems.append(f"{job.source}: is a video, not a photo")
            continue
        results = {each.path: each for each in results_of(job.target, wanted)}
        missing, problem = find_missing(job, list(results), wanted.overwrite, is_source)
        if problem:
            problems.append(problem)
        elif missing:
            snapshots.append(_Snapshot(job, [results[path] for path in missing]))
        else:
            done += 1
    for problem in problems:
        print(f"left out: {problem}")
    earlier = found.results + len(found.jobs) - len(jobs)
    if earlier:
        print(f"{earlier} are results of earlier runs, by their names, and no ID photos are made of them")
    if done:
        print(f"{done} have their results already; --overwrite makes them again")
    remove_abandoned(job.target.parent / f"any{each}" for job in jobs for each in (".jpg", ".png", ".pdf"))
    return snapshots, len(problems)


def _make(snapshot: _Snapshot, wanted: Wanted, studio: Studio) -> None:
    """Make all missing pictures of a snapshot before the first is written."""
    source = snapshot.job.source

    def tell(remark: str) -> None:
        say(f"{source}: {remark}")

    photo = read_photo(source)
    alpha = studio.matte(source, photo, tell)
    try:
        files = studio.make(photo, alpha, wanted, snapshot.missing, tell)
    except UserError as error:
        raise ImageError(f"{source}: {error}") from None
    for path, content in files:
        write_bytes(path, content)
        tell(str(path))
