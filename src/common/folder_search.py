"""Searches folders for files at any depth, and reports everything that is left out."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_OF_THE_SYSTEM = ("thumbs.db", "desktop.ini")  # treated like hidden files


class Found(NamedTuple):
    """The files in a folder, except hidden ones."""

    files: list[Path]  # with one of the given suffixes, sorted
    others: list[Path]  # with other suffixes, sorted
    problems: list[str]  # one message for each path that cannot be searched or read


def search(folder: Path, suffixes: Sequence[str], deep: bool = True) -> Found:
    """Find the files with certain suffixes; paths that cannot be read are reported, not raised.

    Symbolic links are followed, but each real folder is searched only once: under its own path if that lies
    in `folder`, otherwise through a link.

    Args:
        folder: the folder to search.
        suffixes: in lower case, such as ".jpg".
        deep: whether subfolders are searched as well.
    """
    found = Found([], [], [])
    seen: set[tuple[int, int]] = set()
    folders, links = [folder], []
    while folders or links:
        place = folders.pop() if folders else links.pop(0)
        try:
            status = place.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(place) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            found.problems.append(f"{place}: cannot be searched: {error.strerror}")
            continue
        for entry in entries:
            path = place / entry.name
            if not is_hidden(path):
                _sort_in(path, entry, suffixes, found, links if entry.is_symlink() else folders)
        if not deep:
            break
    found.files.sort()
    found.others.sort()
    return found


def is_hidden(path: Path) -> bool:
    """Whether a file is hidden or a system file, such as ._photo.jpg (macOS) or Thumbs.db (Windows)."""
    return path.name.startswith(".") or path.name.lower() in _OF_THE_SYSTEM


def _sort_in(
    path: Path, entry: os.DirEntry, suffixes: Sequence[str], found: Found, folders: list[Path]
) -> None:
    try:
        if entry.is_dir():
            folders.append(path)
        elif entry.is_file():
            (found.files if path.suffix.lower() in suffixes else found.others).append(path)
        elif entry.is_symlink():
            found.problems.append(f"{path}: is a broken link")
        else:
            found.problems.append(f"{path}: is a pipe or device, not a file")
    except OSError as error:  # such as a loop of links
        found.problems.append(f"{path}: cannot be read: {error.strerror}")
