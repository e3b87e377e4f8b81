"""The photos that a command was given, and which of them lack a result."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from src.common.errors import UserError
from src.common.folder_search import Entry, walk
from src.images.suffixes import PHOTO_SUFFIXES
from src.prediction.collection import Collection, Jobs
from src.prediction.job import Job, lacking
from src.prediction.shard import Shard
from src.videos.kinds import VIDEO_SUFFIXES, is_unknown

_SUFFIXES = PHOTO_SUFFIXES + VIDEO_SUFFIXES


class Left(NamedTuple):
    """What is left of some jobs."""

    todo: Jobs
    done: int  # how many lack no result
    left_out: int
    plates: int  # how many only show the empty place of others


def find_jobs(
    inputs: Iterable[str | Path],
    output: str | Path | None,
    is_passed_over: Callable[[Path], bool] = lambda _: False,
) -> Collection:
    """Find photos and videos.

    Args:
        inputs: files, and folders that are searched to any depth, whose structure the results keep. What is
            hidden, and earlier results, are not taken for photos.
        output: folder of the results; None: beside their sources.
        is_passed_over: whether a file in a folder is not worth a word.

    Raises:
        UserError: no input holds a photo or video.
    """
    collection = Collection()
    for number, given in enumerate(map(Path, inputs)):
        for path, problem in _at(given, is_passed_over):
            if problem:
                collection.leave_out(number, path, problem)
                continue
            below = "" if path == given else path.parent.relative_to(given)
            collection.add(number, path, path.parent if output is None else Path(output, below))
    if not collection:
        raise UserError("\n".join(collection.problems))
    collection.name_results()
    return collection


def _at(given: Path, is_passed_over: Callable[[Path], bool]) -> Iterator[Entry]:
    """The photos and videos of one input, and what is left out of it."""
    try:
        if not given.is_dir():
            given.stat()
            if is_unknown(given):
                kinds = "neither a photo, such as .jpg or .png, nor a video, such as .mp4"
                yield Entry(given, f"{given}: unknown kind: {kinds}")
            else:
                yield Entry(given)
            return
    except FileNotFoundError:
        yield Entry(given, f"{given}: no such file or folder")
        return
    except OSError as error:
        yield Entry(given, f"{given}: cannot be read: {error.strerror}")
        return
    is_empty = True
    for path, problem in walk(given):
        if is_passed_over(path):
            continue
        if not problem and path.suffix.lower() not in _SUFFIXES:
            problem = f"{path}: its suffix is not that of a photo or video"
        is_empty = is_empty and bool(problem)
        yield Entry(path, problem)
    if is_empty:
        yield Entry(given, f"{given}: holds no photo or video, such as .jpg, .png or .mp4")


def left_to_do(
    found: Collection,
    is_transparent: bool,
    overwrite: bool,
    shard: Shard | None = None,
    tell: Callable[[str], None] = lambda _: None,
    is_plate: Callable[[Path], bool] = lambda _: False,
) -> Left:
    """What is left to do: jobs that lack a result.

    Those are left out whose results would replace a photo or folder, or cannot be written.

    Args:
        found: the jobs.
        is_transparent: whether there is no background, which decides on the results.
        overwrite: whether results that are there are made again.
        shard: the jobs of others are passed over.
        tell: is called for each that is left out, with its name.
        is_plate: whether a source only shows the empty place of others, and is passed over.
    """
    done = left_out = plates = 0
    for number, job in found.numbered():
        if shard is not None and not shard.holds(job.source):
            continue
        if is_plate(job.source):
            plates += 1
            continue
        missing, problem = find_missing(job, job.results(is_transparent), overwrite, found.holds)
        if problem:
            left_out += 1
            tell(problem)
        elif missing:
            found.want(number)
        else:
            done += 1
    return Left(found.todo, done, left_out, plates)


def find_missing(
    job: Job, results: Sequence[Path], overwrite: bool, is_source: Callable[[Path], bool]
) -> tuple[list[Path], str]:
    """Which results are to be written, and why they cannot be: they would replace a photo or folder, or there
    is no way to them.

    Args:
        job: what they come from.
        results: their paths.
        overwrite: whether those that are there are made again.
        is_source: whether a path leads to one of the photos and videos that were given.

    Returns:
        The paths, and '', or none and a line that names the source.
    """
    try:
        blocked = next((each for each in results if each.is_dir() or is_source(each)), None)
        if blocked:
            return [], f"{job.source}: {blocked} is in the way of a result; choose another --output"
        missing = lacking(results, overwrite)
        if not missing:
            return [], ""
        folder = next(each for each in job.target.parents if each.exists())
    except (OSError, RuntimeError) as error:  # the name is too long, or links lead in a circle
        reason = getattr(error, "strerror", None) or error
        return [], f"{job.source}: its results in {job.target.parent} cannot be written: {reason}"
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return [], f"{job.source}: {folder} is no folder that can be written to; choose another --output"
    return missing, ""
