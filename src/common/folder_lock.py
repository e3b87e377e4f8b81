"""One process at a time in a folder of output."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from src.common.errors import UserError


@contextlib.contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Keep other processes out of a folder; a process that ends, however, lets go of it.

    A missing folder is made, and removed again where nothing was put into it.

    Raises:
        UserError: another process is at work there, or the folder cannot be made.
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
                f"{folder}: another process writes there; wait for it, or name another folder"
            ) from None
        except OSError:  # a network's file system that knows no locks
            pass
        yield
    finally:
        if not was_there:
            with contextlib.suppress(OSError):  # it holds something
                Path(folder).rmdir()
        os.close(handle)
