"""Files and folders that are being written; they are removed if the process has to exit at once."""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

_lock = threading.RLock()
_paths: set[Path] = set()


def create(make: Callable[[], str | Path]) -> Path:
    """Call `make`, record the path that it creates as unfinished, and return that path."""
    with _lock:
        path = Path(make())
        _paths.add(path)
    return path


@contextlib.contextmanager
def taking_its_place() -> Iterator[None]:
    """Keep `remove_unfinished` from running between two steps that belong together."""
    with _lock:
        yield


def finished(path: Path) -> None:
    """Record that a path is complete or removed."""
    _paths.discard(path)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a temporary folder, which is removed at the end."""
    folder = create(tempfile.mkdtemp)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        finished(folder)


def remove_unfinished() -> None:
    """Remove everything unfinished. The process must exit afterwards: no thread can create files any more."""
    _lock.acquire()
    for path in list(_paths):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
