"""Cache folders for libraries, on machines where the usual ones are not writable.

The project may be installed read-only for all users, and HOME may be missing or not writable. Without a home
folder, libraries would create a folder named ~ in the current one.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from src.common import unfinished


def use_cache_folder(variable: str, usual: Path | None = None) -> None:
    """Set the environment variable that tells a library its cache folder, unless it is already set.

    Args:
        variable: its name, such as MPLCONFIGDIR.
        usual: the library's default folder; if it is writable, nothing is set. Otherwise the user's cache
            folder is used, or a temporary one if that is not writable either.
    """
    if os.environ.get(variable) or (usual and _is_writable(usual)):
        return
    os.environ[variable] = str(cache_folder())


def cache_folder() -> Path:
    """The user's cache folder of this project, or a temporary one, removed at exit, if it is not writable."""
    cache = _user_cache()
    if cache is None or not _is_writable(cache):
        cache = unfinished.create(lambda: tempfile.mkdtemp(prefix="shm-cache-"))
        atexit.register(shutil.rmtree, cache, ignore_errors=True)
    return cache


def _user_cache() -> Path | None:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(base, "semantic_human_matting") if Path(base).is_absolute() else None


def _is_writable(folder: Path) -> bool:
    """Whether files can be created in a folder, which is created if missing; permissions can mislead."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
