"""Files and folders that are being written; they are removed if the process has to exit at once."""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_lock = threading.RLock()
_paths: dict[Path, int] = {}  # and the thread that writes each


class _Interruption(threading.local):
    """Whether this thread must not be interrupted now, and should have been."""

    steps = 0  # entered
    is_due = False


_interruption = _Interruption()


def interrupt(*_: object) -> None:
    """Raise KeyboardInterrupt, but not between two steps that belong together; a handler of signals."""
    if _interruption.steps:
        _interruption.is_due = True
    else:
        raise KeyboardInterrupt


def create(make: Callable[[], str | Path]) -> Path:
    """Call `make`, record the path that it creates as unfinished, and return that path."""
    with as_one_step():
        path = Path(make())
        _paths[path] = threading.get_ident()
    return path


@contextlib.contextmanager
def as_one_step() -> Iterator[None]:
    """Keep `interrupt` and `remove_unfinished` from running between two steps that belong together."""
    with _lock:
        _interruption.steps += 1
        try:
            yield
        finally:
            _interruption.steps -= 1
            if _interruption.is_due and not _interruption.steps:
                _interruption.is_due = False
                raise KeyboardInterrupt


def finished(path: Path) -> None:
    """Record that a path is complete or removed."""
    _paths.pop(path, None)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a temporary folder, which is removed at the end."""
    folder = create(tempfile.mkdtemp)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        finished(folder)


def remove_lost() -> None:
    """Remove what this thread was writing when it was interrupted before it could do so itself."""
    _remove([path for path, thread in list(_paths.items()) if thread == threading.get_ident()])


def remove_unfinished() -> None:
    """Remove everything unfinished. The process must exit afterwards: no thread can create files any more."""
    _lock.acquire()
    _remove(list(_paths))


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
