"""Makes many files in several processes: how they are shared out, with progress, and what is left out."""

import contextlib
import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from src.common.names import as_bytes
from src.common.process_pool import available_cores, map_unordered
from src.common.progress import Progress, say

Task = TypeVar("Task")


def share_of(count: int, parts: int, number: int) -> int:
    """How many of `count` files fall to part `number` of `parts`, about equally."""
    return count // parts + (number < count % parts)


def random_for(seed: int, name: str, k: int) -> np.random.Generator:
    """The randomness of file k of a name, which depends on nothing else."""
    return np.random.default_rng((seed, zlib.crc32(as_bytes(name)), k))


def make_all(
    make: Callable[[Task], list[str]],
    tasks: Sequence[Task],
    size_of: Callable[[Task], int],
    *,
    what: str,
    unit: str,
    count: int,
    workers: int | None,
) -> list[str]:
    """Make the files of all tasks, and name each that cannot be used as soon as that is known.

    Args:
        make: makes the files of one task; importable by name. Returns a line for each source that cannot be
            used, with the reason.
        tasks: what is still to be made.
        size_of: number of files of a task.
        what: title of the progress.
        unit: what is counted.
        count: total number of files, with those that are there already.
        workers: number of processes; None: one for every core.

    Returns:
        The lines, each once.
    """
    left_out: list[str] = []
    missing = sum(map(size_of, tasks))
    workers = max(1, min(workers or available_cores(), len(tasks)))
    with (
        Progress(what, unit, count, initial=count - missing) as bar,
        contextlib.closing(map_unordered(make, tasks, workers)) as results,
    ):
        for task, problems in results:
            bar.update(size_of(task))
            for problem in problems:
                if problem not in left_out:
                    left_out.append(problem)
                    say(f"left out: {problem}")
    return left_out
