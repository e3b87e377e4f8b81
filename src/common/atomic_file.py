"""Whole files or none: everything is written beside its place and renamed into it."""

import contextlib
import csv
import errno
import fcntl
import glob
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from src.common.errors import UserError

TEMPORARY_PREFIX = ".partial-shm-"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# Read once: asking means changing it for a moment, which other threads must not see.
_UMASK = os.umask(0)
os.umask(_UMASK)


@contextlib.contextmanager
def atomic_path(path: str | Path, flush: bool = False) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`, renamed to `path` on success.

    The temporary name keeps the suffix of `path`, for writers that go by it. On any error the
    temporary file is removed and an earlier `path` stays as it was.

    Args:
        path: the file to be written; its folder is made where it is missing.
        flush: wait until the disk holds the file (a checkpoint should survive a power cut).

    Raises:
        UserError: the folder cannot be written or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
        temporary = Path(name)
        _lock(handle)
        yield temporary
        if flush:
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_UMASK)  # mkstemp makes files for the owner alone
        temporary.replace(path)
    except OSError as error:
        remedy = "make room" if error.errno in _NO_ROOM else "choose another folder"
        raise UserError(f"{path}: cannot be written: {error.strerror or error}; {remedy}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
            os.close(handle)


def _lock(handle: int) -> None:
    """Tell `remove_abandoned` that a file or folder is still being written, until the handle is closed."""
    with contextlib.suppress(OSError):  # a network's file system that knows no locks
        fcntl.flock(handle, fcntl.LOCK_EX)


def remove_abandoned(paths: Iterable[Path]) -> None:
    """Remove temporary files and folders that killed processes left where they wrote such as these.

    What another process is still writing stays: its lock goes with the process.
    """
    for folder, suffix in {(path.parent, path.suffix) for path in paths}:
        for leftover in folder.glob(f"{TEMPORARY_PREFIX}{'?' * 8}{glob.escape(suffix)}"):
            with contextlib.suppress(OSError):  # held by another, or not ours to remove
                handle = os.open(leftover, os.O_RDONLY)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
                finally:
                    os.close(handle)


def remove_leftovers(folder: Path, depth: int = 0) -> None:
    """Remove temporary files that a killed process left in a folder, or in those `depth` levels below it."""
    for leftover in folder.glob("*/" * depth + f"{TEMPORARY_PREFIX}*"):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, which takes the place of `path` on success.

    On any error it is removed and an earlier `path` stays as it was.

    Raises:
        UserError: the folder cannot be made or replaced.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned([path])
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent))
        handle = os.open(temporary, os.O_RDONLY)
        _lock(handle)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written: {error.strerror or error}; choose another folder"
        ) from error
    try:
        yield temporary
        _take_place(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        os.close(handle)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, content: str) -> None:
    """Write `content` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))


def _take_place(temporary: Path, path: Path) -> None:
    """Rename a folder to `path`, where an earlier one may be."""
    earlier = Path(f"{temporary}-earlier")
    try:
        temporary.chmod(0o777 & ~_UMASK)  # mkdtemp makes folders for the owner alone
        if path.exists():
            path.rename(earlier)
        temporary.rename(path)
    except OSError as error:
        if earlier.exists():
            earlier.rename(path)
        raise UserError(f"{path}: cannot be replaced: {error.strerror or error}") from error
    shutil.rmtree(earlier, ignore_errors=True)


def write_csv(path: str | Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table to `path` as UTF-8, whole or not at all."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, table.getvalue())
