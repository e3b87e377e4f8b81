"""A lock that lets only one process at a time write to an output folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from src.common.errors import UserError


@contextlib.contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Lock a folder against other processes; however the process ends, the lock is released.

    A missing folder is created, and removed again if nothing was written to it.

    Raises:
        UserError: another process holds the lock, or the folder cannot be created.
    """
    was_there = Path(folder).exists()
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be written: {error.strerror or error}; choose another folder"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{folder}: another process is writing here; wait for it, or choose another folder"
            ) from None
        except OSError:  # a network file system without locks
            pass
        yield
    finally:
        if not was_there:
            with contextlib.suppress(OSError):  # not empty
                Path(folder).rmdir()
        os.close(handle)
