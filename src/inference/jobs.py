"""The photos that a command was given, and where their results go."""

import functools
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from src.common.errors import UserError
from src.images.suffixes import PHOTO_SUFFIXES

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp", ".mts")
_SUFFIXES = PHOTO_SUFFIXES + VIDEO_SUFFIXES
ALPHA, CUTOUT, COMPOSITE = "_alpha", "_cutout", "_composite"


class Job(NamedTuple):
    """A photo or video, and its results' path without ending, such as mattes/photo."""

    source: Path
    target: Path

    @property
    def is_video(self) -> bool:
        """Whether the source is a video, by its name."""
        return self.source.suffix.lower() in VIDEO_SUFFIXES

    def results(self, is_transparent: bool) -> list[Path]:
        """The files that come of it: alpha, then the person before a background.

        Videos cannot be transparent: where the background is, alpha is all that comes of them.
        """
        kinds = [ALPHA, CUTOUT if is_transparent else COMPOSITE]
        if self.is_video:
            kinds = [kind for kind in kinds if kind != CUTOUT]
        suffix = ".mp4" if self.is_video else ".png"
        return [self.target.with_name(f"{self.target.name}{kind}{suffix}") for kind in kinds]

    def missing(self, is_transparent: bool, overwrite: bool) -> list[Path]:
        """The results that are to be written: those that are not there, or all."""
        return [path for path in self.results(is_transparent) if overwrite or not path.exists()]


def find_jobs(inputs: Iterable[str | Path], output: str | Path | None) -> list[Job]:
    """Find photos and videos.

    Args:
        inputs: files, and folders that are searched to any depth, whose structure the results keep. What is
            hidden, and earlier results, in them or beside them, are not taken for photos.
        output: folder of the results; None: beside their sources.

    Raises:
        UserError: an input is missing, a folder holds no photo, or two photos would have the same results.
    """
    jobs: dict[Path, Job] = {}
    for each in map(Path, inputs):
        if each.is_dir():
            found = _in_folder(each)
            if not found:
                raise UserError(f"{each}: holds no photo or video ({', '.join(_SUFFIXES)})")
        elif each.exists():
            found = [(each, Path(each.name))]
        else:
            raise UserError(f"{each}: no such file or folder")
        for source, below in found:
            place = source.with_suffix("") if output is None else Path(output, below).with_suffix("")
            jobs.setdefault(_place(source), Job(source, place))  # once, though given twice
    different = _told_apart(_without_results(jobs))
    _require_different_results(different)
    return different


def _in_folder(folder: Path) -> list[tuple[Path, Path]]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    places = [(path, path.relative_to(folder)) for path in files if path.is_file()]
    return [each for each in places if not any(part.startswith(".") for part in each[1].parts)]


def _told_apart(jobs: list[Job]) -> list[Job]:
    """Keep the endings of sources whose results would have the same names: photo.jpg, photo.png."""
    counts = Counter(job.target for job in jobs)
    return [_with_ending(job) if counts[job.target] > 1 else job for job in jobs]


def _with_ending(job: Job) -> Job:
    return job._replace(target=job.target.with_name(job.source.name))


@functools.lru_cache(maxsize=64)
def _resolved(folder: Path) -> Path:
    return folder.resolve()


def _place(path: Path) -> Path:
    """Where a file lies, whatever way leads there; a link is a file of its own."""
    return _resolved(path.parent) / path.name


def _without_results(jobs: dict[Path, Job]) -> list[Job]:
    """Leave out what is, by its name, a result of another one: of this command or of one without --output,
    told apart from its twins or not."""
    results = set()
    for job in jobs.values():
        for place in (job, job._replace(target=job.source.with_suffix(""))):
            for each in (place, _with_ending(place)):
                results |= {_place(path) for kind in (True, False) for path in each.results(kind)}
    return [job for source, job in jobs.items() if source not in results]


def _require_different_results(jobs: list[Job]) -> None:
    seen: dict[Path, Path] = {}
    for job in jobs:
        if job.target in seen:
            raise UserError(
                f"{job.source} and {seen[job.target]}: would have the same results, {job.target}{ALPHA}.png; "
                "give them to two commands with different --output"
            )
        seen[job.target] = job.source


def left_to_do(jobs: Iterable[Job], is_transparent: bool, overwrite: bool) -> tuple[list[Job], int]:
    """The jobs that lack a result, and how many lack none.

    Raises:
        UserError: a result would replace a photo, or a folder.
    """
    jobs = list(jobs)
    sources = {job.source.resolve() for job in jobs}
    todo = []
    for job in jobs:
        for file in job.results(is_transparent):
            if file.is_dir() or file.resolve() in sources:
                raise UserError(f"{file}: is in the way of a result; choose another --output")
        if job.missing(is_transparent, overwrite):
            todo.append(job)
    return todo, len(jobs) - len(todo)
