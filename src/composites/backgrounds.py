"""Backgrounds and other scenes: finding their files, and drawing one that can be read."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from src.common.errors import UserError
from src.common.folder_search import Found, search
from src.images.files import ImageError

_File = TypeVar("_File")
_Read = TypeVar("_Read")


def find_background_files(
    paths: Sequence[str | Path], suffixes: tuple[str, ...], needed: str, leave_out: Callable[[str], object]
) -> tuple[Path, ...]:
    """Find the files named, and those directly in the folders named.

    Args:
        paths: files, of any suffix, and folders.
        suffixes: of the files to take from folders.
        needed: what a folder must hold, for the message.
        leave_out: is told of each path that cannot be searched.

    Raises:
        UserError: a path is missing, or a folder holds none.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        found = Found([path], [], []) if path.is_file() else search(path, suffixes, deep=False)
        if not found.files:
            raise UserError(f"{path}: no such background, or a folder without {needed}")
        files += found.files
        for problem in found.problems:
            leave_out(problem)
    return tuple(files)


def draw_usable(
    rng: np.random.Generator, files: Sequence[_File], read: Callable[[_File], _Read], problems: list[str]
) -> _Read:
    """Read a file drawn at random; if it cannot be read, try the next ones in turn.

    Raises:
        UserError: none can be read.
    """
    first = int(rng.integers(len(files)))
    for further in range(len(files)):
        try:
            return read(files[(first + further) % len(files)])
        except ImageError as error:
            problems.append(str(error))
    raise UserError(f"none of the {len(files)} backgrounds can be read; the last: {problems[-1]}")
