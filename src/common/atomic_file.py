"""Atomic writes: files and folders are written under a temporary name, then renamed into place."""

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

from src.common import unfinished
from src.common.errors import UserError
from src.common.names import ESCAPE

TEMPORARY_PREFIX = ".partial-shm-"
_EARLIER = "-earlier-"  # in the temporary name of a folder that is being replaced, before its own name
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BAD_NAMES = (
    errno.ENAMETOOLONG,
    errno.EILSEQ,
    errno.EINVAL,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ELOOP,
)


class BadNameError(UserError):
    """This file cannot be created, because of its name or what is already there; others can."""


# Read once, at import: reading the umask means changing it briefly, which other threads must not see.
_UMASK = os.umask(0)
os.umask(_UMASK)


@contextlib.contextmanager
def atomic_path(path: str | Path, flush: bool = False) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`, renamed to `path` on success.

    The temporary name keeps the suffix of `path`, because some writers take the format from it. On
    error the temporary file is removed and an existing `path` is left unchanged.

    Args:
        path: the file to write; its folder is created if missing.
        flush: wait until the data is on the disk (a checkpoint should survive a power cut).

    Raises:
        BadNameError: the name is not allowed (too long, for example), or something is in the way.
        UserError: the folder is not writable, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary, handle = _create_file(path)
        _lock(handle)
        yield temporary
        if flush:
            flush_to_disk(temporary)
        temporary.chmod(0o666 & ~_UMASK)  # mkstemp gives access to the owner only
        temporary.replace(path)
    except OSError as error:
        raise _failure(path, "written", error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
            unfinished.finished(temporary)
            os.close(handle)


def _failure(path: Path, what: str, error: OSError) -> UserError:
    """Why a file or folder cannot be `what`, such as "written"."""
    kind = BadNameError if error.errno in _BAD_NAMES else UserError
    remedy = "make room" if error.errno in _NO_ROOM else "choose another folder"
    return kind(f"{path}: cannot be {what}: {error.strerror or error}; {remedy}")


def flush_to_disk(path: Path) -> None:
    """Wait until a file's data is on the disk."""
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _create_file(path: Path) -> tuple[Path, int]:
    handles = []

    def make() -> str:
        handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
        handles.append(handle)
        return name

    return unfinished.create(make), handles[0]


def _lock(handle: int) -> None:
    """Mark a file or folder as being written, for `remove_abandoned`, until the handle is closed."""
    with contextlib.suppress(OSError):  # a network file system without locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_made(path: Path) -> bool:
    """Whether a result is there; one whose name is too long is not, and writing it says so."""
    try:
        return path.exists()
    except OSError:
        return False


def remove_abandoned(paths: Iterable[Path]) -> None:
    """Remove temporary files and folders that killed processes left beside `paths`.

    Those still being written are kept: their locks are held until the writing process ends.
    """
    for folder, suffix in {(path.parent, path.suffix) for path in paths}:
        ending = glob.escape(suffix)
        found = folder.glob(f"{TEMPORARY_PREFIX}{'?' * 8}{ending}")
        of_older_code = folder.glob(f"{TEMPORARY_PREFIX}*.sound{ending}")
        for leftover in [*found, *of_older_code]:
            with contextlib.suppress(OSError), _taken_over(leftover):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def _settle_earlier(path: Path) -> None:
    """Remove the earlier folder that a killed process was replacing; put it back where there is no other."""
    for earlier in path.parent.glob(f"{TEMPORARY_PREFIX}{'?' * 8}{_EARLIER}{glob.escape(path.name)}"):
        with contextlib.suppress(OSError), _taken_over(earlier):
            shutil.rmtree(earlier) if path.exists() else earlier.rename(path)


@contextlib.contextmanager
def _taken_over(leftover: Path) -> Iterator[None]:
    """Lock what a killed process left; OSError where a process that lives holds it, or without permission."""
    handle = os.open(leftover, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def remove_leftovers(folder: Path, depth: int = 0) -> None:
    """Remove what a killed process left unfinished, in a folder or in its subfolders at `depth`.

    Nobody else may be writing there.
    """
    for leftover in folder.glob("*/" * depth + f"{TEMPORARY_PREFIX}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, which replaces `path` on success.

    On error it is removed and an existing `path` is left unchanged.

    Raises:
        BadNameError: the name is not allowed (too long, for example), or something is in the way.
        UserError: the folder cannot be created or replaced.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_dir():
            raise FileExistsError(errno.EEXIST, "is a file")
        remove_abandoned([path])
        _settle_earlier(path)
        temporary = unfinished.create(
            lambda: tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, suffix=path.suffix, dir=path.parent)
        )
        handle = os.open(temporary, os.O_RDONLY)
        _lock(handle)
    except OSError as error:
        raise _failure(path, "written", error) from error
    try:
        yield temporary
        _take_place(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        unfinished.finished(temporary)
        os.close(handle)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, content: str) -> None:
    """Write `content` to `path` atomically, as UTF-8; undecodable bytes of file names are escaped."""
    write_bytes(path, content.encode("utf-8", ESCAPE))


def _take_place(temporary: Path, path: Path) -> None:
    """Rename a folder to `path`, replacing an existing one."""
    earlier = path.with_name(f"{temporary.name.removesuffix(path.suffix)}{_EARLIER}{path.name}")
    with contextlib.ExitStack() as until_removed:
        try:
            temporary.chmod(0o777 & ~_UMASK)  # mkdtemp gives access to the owner only
            if path.exists():
                handle = os.open(path, os.O_RDONLY)
                until_removed.callback(os.close, handle)
                _lock(handle)  # for `_settle_earlier` of other processes
            with unfinished.as_one_step():
                if path.exists():
                    path.rename(earlier)
                temporary.rename(path)
                unfinished.finished(temporary)
        except OSError as error:
            if is_made(earlier):
                earlier.rename(path)
            raise _failure(path, "replaced", error) from error
        shutil.rmtree(earlier, ignore_errors=True)


def write_csv(path: str | Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table to `path` atomically, as UTF-8."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, table.getvalue())
