"""Where libraries keep their caches, on machines where their usual folders cannot be written.

The project may be installed read-only for all, HOME may be missing or not writable. Where no home is known,
libraries would otherwise make a folder named ~ in the current one.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from src.common import unfinished


def use_cache_folder(variable: str, usual: Path | None = None) -> None:
    """Set the environment variable by which a library is told its folder, unless it is set.

    Args:
        variable: such as MPLCONFIGDIR.
        usual: left to the library where it can be written; then the user's cache folder is the next choice,
            and last one for this process alone.
    """
    if os.environ.get(variable) or (usual and _is_writable(usual)):
        return
    cache = _user_cache()
    if cache is None or not _is_writable(cache):
        cache = unfinished.create(lambda: tempfile.mkdtemp(prefix="shm-cache-"))
        atexit.register(shutil.rmtree, cache, ignore_errors=True)
    os.environ[variable] = str(cache)


def _user_cache() -> Path | None:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(base, "semantic_human_matting") if Path(base).is_absolute() else None


def _is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if missing; permissions alone do not tell."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
