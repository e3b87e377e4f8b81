"""Files and folders that are being written: whoever ends this process at once removes them first."""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

_lock = threading.RLock()
_paths: set[Path] = set()


def create(make: Callable[[], str | Path]) -> Path:
    """The path that `make` creates, noted as unfinished."""
    with _lock:
        path = Path(make())
        _paths.add(path)
    return path


@contextlib.contextmanager
def taking_its_place() -> Iterator[None]:
    """Keep `remove_unfinished` from coming between two steps that belong together."""
    with _lock:
        yield


def finished(path: Path) -> None:
    """A path has taken its place, or is removed."""
    _paths.discard(path)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for this process alone, gone in the end."""
    folder = create(tempfile.mkdtemp)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        finished(folder)


def remove_unfinished() -> None:
    """Remove all that is unfinished; the process must end now: no thread can begin anything more."""
    _lock.acquire()
    for path in list(_paths):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
