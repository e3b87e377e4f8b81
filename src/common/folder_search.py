"""Searches folders for files to any depth, and passes over nothing without a word."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_OF_THE_SYSTEM = ("thumbs.db", "desktop.ini")  # beside the hidden files


class Found(NamedTuple):
    """What a folder holds, but for what is hidden."""

    files: list[Path]  # of the suffixes asked for, sorted
    others: list[Path]  # files of other suffixes, sorted
    problems: list[str]  # what cannot be searched or read, each with its name


def search(folder: Path, suffixes: Sequence[str], deep: bool = True) -> Found:
    """Find the files of some suffixes.

    Links are followed, but each real folder is searched once only: by its own name, where it has one here.

    Args:
        folder: of the search.
        suffixes: in lower case, such as ".jpg".
        deep: whether folders in it are searched as well.
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
    """Whether a file is hidden, such as those in which macOS keeps notes on others (._photo.jpg)."""
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
            found.problems.append(f"{path}: is a link that leads nowhere")
        else:
            found.problems.append(f"{path}: is a pipe or device, not a file")
    except OSError as error:  # such as a loop of links
        found.problems.append(f"{path}: cannot be read: {error.strerror}")
