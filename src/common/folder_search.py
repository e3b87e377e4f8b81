"""Searches folders for files at any depth, and reports everything that is left out."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_OF_THE_SYSTEM = ("thumbs.db", "desktop.ini")  # treated like hidden files


class Entry(NamedTuple):
    """Something in a folder."""

    path: Path
    problem: str = ""  # why it cannot be searched or read, as a message; "" for a file


class Found(NamedTuple):
    """The files in a folder, except hidden ones."""

    files: list[Path]  # with one of the given suffixes, sorted
    others: list[Path]  # with other suffixes, sorted
    problems: list[str]  # one message for each path that cannot be searched or read


def search(folder: Path, suffixes: Sequence[str], deep: bool = True) -> Found:
    """Find the files with certain suffixes, as `walk` does.

    Args:
        folder: the folder to search.
        suffixes: in lower case, such as ".jpg".
        deep: whether subfolders are searched as well.
    """
    found = Found([], [], [])
    for path, problem in walk(folder, deep):
        if problem:
            found.problems.append(problem)
        else:
            (found.files if path.suffix.lower() in suffixes else found.others).append(path)
    found.files.sort()
    found.others.sort()
    return found


def walk(folder: Path, deep: bool = True) -> Iterator[Entry]:
    """Yield a folder's files, except hidden ones, while it is searched: in no order, and none is remembered.

    Paths that cannot be searched or read are reported, not raised. Symbolic links are followed, but each real
    folder is searched only once: under its own path if that lies in `folder`, otherwise through a link.
    """
    seen: set[tuple[int, int]] = set()
    folders, links = [folder], []
    while folders or links:
        place = folders.pop() if folders else links.pop(0)
        below: list[tuple[Path, bool]] = []  # subfolders, and whether they are links
        try:
            status = place.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(place) as listed:
                yield from _files(place, listed, below)
        except OSError as error:
            yield Entry(place, f"{place}: cannot be searched: {error.strerror}")
        if not deep:
            break
        for path, is_link in sorted(below):
            (links if is_link else folders).append(path)


def is_hidden(path: Path) -> bool:
    """Whether a file is hidden or a system file, such as ._photo.jpg (macOS) or Thumbs.db (Windows)."""
    return path.name.startswith(".") or path.name.lower() in _OF_THE_SYSTEM


def _files(place: Path, listed: Iterable[os.DirEntry], below: list[tuple[Path, bool]]) -> Iterator[Entry]:
    """The files of one folder; its subfolders are appended to `below`."""
    for entry in listed:
        path = place / entry.name
        if is_hidden(path):
            continue
        try:
            if entry.is_dir():
                below.append((path, entry.is_symlink()))
            elif entry.is_file():
                yield Entry(path)
            elif entry.is_symlink():
                yield Entry(path, f"{path}: is a broken link")
            else:
                yield Entry(path, f"{path}: is a pipe or device, not a file")
        except OSError as error:  # such as a loop of links
            yield Entry(path, f"{path}: cannot be read: {error.strerror}")
