"""The photos that a command was given, and where their results go."""

import functools
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from src.common.errors import UserError
from src.common.folder_search import search
from src.images.suffixes import PHOTO_SUFFIXES
from src.inference.kinds import VIDEO_SUFFIXES, is_unknown, is_video
from src.inference.results import ALPHA, COMPOSITE, CUTOUT, PHOTO_ENDING, VIDEO_ENDING, find_results

_SUFFIXES = PHOTO_SUFFIXES + VIDEO_SUFFIXES


class Job(NamedTuple):
    """A photo or video, and its results' path without ending, such as mattes/photo."""

    source: Path
    target: Path

    @property
    def is_video(self) -> bool:
        """Whether the source is a video."""
        return is_video(self.source)

    def results(self, is_transparent: bool) -> list[Path]:
        """The files that come of it: alpha, then the person before a background.

        Videos cannot be transparent: where the background is, alpha is all that comes of them.
        """
        kinds = [ALPHA, CUTOUT if is_transparent else COMPOSITE]
        if self.is_video:
            kinds = [kind for kind in kinds if kind != CUTOUT]
        suffix = VIDEO_ENDING if self.is_video else PHOTO_ENDING
        return [self.target.with_name(f"{self.target.name}{kind}{suffix}") for kind in kinds]

    def missing(self, is_transparent: bool, overwrite: bool) -> list[Path]:
        """The results that are to be written: those that are not there, or all."""
        return [path for path in self.results(is_transparent) if overwrite or not path.exists()]


class Found(NamedTuple):
    """What some inputs hold."""

    jobs: list[Job]
    problems: list[str]  # what is left out, each with its name
    results: int  # of earlier runs, which are no photos


class Left(NamedTuple):
    """What is left of some jobs."""

    todo: list[Job]
    done: int  # how many lack no result
    problems: list[str]  # what is left out, each with its name


def find_jobs(inputs: Iterable[str | Path], output: str | Path | None) -> Found:
    """Find photos and videos.

    Args:
        inputs: files, and folders that are searched to any depth, whose structure the results keep. What is
            hidden, and earlier results, are not taken for photos.
        output: folder of the results; None: beside their sources.

    Raises:
        UserError: no input holds a photo or video.
    """
    jobs: dict[Path, Job] = {}
    problems: list[str] = []
    for each in map(Path, inputs):
        for source, below in _at(each, problems):
            place = source.with_suffix("") if output is None else Path(output, below).with_suffix("")
            jobs.setdefault(_place(source), Job(source, place))  # once, though given twice
    if not jobs:
        raise UserError("\n".join(problems))
    results = find_results(
        (place for place, job in jobs.items() if not job.is_video),
        (place for place, job in jobs.items() if job.is_video),
    )
    photos = [job for place, job in jobs.items() if place not in results]
    return Found(_first_of_each(_told_apart(photos), problems), problems, len(results))


def _at(given: Path, problems: list[str]) -> list[tuple[Path, Path]]:
    """The files of one input, each also with its name below that input."""
    try:
        if not given.is_dir():
            given.stat()
            if not is_unknown(given):
                return [(given, Path(given.name))]
            problems.append(
                f"{given}: unknown kind: neither a photo, such as .jpg or .png, nor a video, such as .mp4"
            )
            return []
    except FileNotFoundError:
        problems.append(f"{given}: no such file or folder")
        return []
    except OSError as error:
        problems.append(f"{given}: cannot be read: {error.strerror}")
        return []
    found = search(given, _SUFFIXES)
    problems += found.problems
    problems += [f"{path}: its suffix is not that of a photo or video" for path in found.others]
    if not found.files:
        problems.append(f"{given}: holds no photo or video, such as .jpg, .png or .mp4")
    return [(path, path.relative_to(given)) for path in found.files]


def _told_apart(jobs: list[Job]) -> list[Job]:
    """Keep the endings of sources whose results would have the same names: photo.jpg, photo.png."""
    counts = Counter(job.target for job in jobs)
    return [
        job._replace(target=job.target.with_name(job.source.name)) if counts[job.target] > 1 else job
        for job in jobs
    ]


def _first_of_each(jobs: list[Job], problems: list[str]) -> list[Job]:
    """Leave out whose results would still have the names of another's."""
    firsts: dict[Path, Job] = {}
    for job in jobs:
        first = firsts.setdefault(job.target, job)
        if first is not job:
            problems.append(
                f"{job.source}: would have the same results as {first.source}, {job.target}{ALPHA}.png; "
                "give it to another command, with a different --output"
            )
    return list(firsts.values())


@functools.lru_cache(maxsize=64)
def _resolved(folder: Path) -> Path:
    return folder.resolve()


def _place(path: Path) -> Path:
    """Where a file lies, whatever way leads there; a link is a file of its own."""
    return _resolved(path.parent) / path.name


def left_to_do(jobs: Iterable[Job], is_transparent: bool, overwrite: bool) -> Left:
    """What is left to do: jobs that lack a result.

    Those are left out whose results would replace a photo or folder, or cannot be written.
    """
    jobs = list(jobs)
    sources = {job.source.resolve() for job in jobs}
    left = Left([], 0, [])
    done = 0
    for job in jobs:
        try:
            problem = _obstacle(job, sources, job.results(is_transparent), overwrite)
            lacks_some = not problem and bool(job.missing(is_transparent, overwrite))
        except (OSError, RuntimeError) as error:  # the name is too long, or links lead in a circle
            reason = getattr(error, "strerror", None) or error
            problem = f"{job.source}: its results in {job.target.parent} cannot be written: {reason}"
        if problem:
            left.problems.append(problem)
        elif lacks_some:
            left.todo.append(job)
        else:
            done += 1
    return left._replace(done=done)


def _obstacle(job: Job, sources: set[Path], files: list[Path], overwrite: bool) -> str:
    for file in files:
        if file.is_dir() or file.resolve() in sources:
            return f"{job.source}: {file} is in the way of a result; choose another --output"
    folder = next(each for each in job.target.parents if each.exists())
    writes = overwrite or not all(file.exists() for file in files)
    if writes and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return f"{job.source}: {folder} is no folder that can be written to; choose another --output"
    return ""
