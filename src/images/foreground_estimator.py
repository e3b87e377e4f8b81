"""PyMatting's multi-level foreground estimation, compiled alone.

Importing PyMatting compiles all of it, two minutes on the first run of every user whose caches are empty. The
one module that is needed takes some seconds.
"""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from src.common.cache_folders import use_cache_folder
from src.common.lone_module import make_module, module_path

_MODULE = "pymatting.foreground.estimate_foreground_ml"
_lock = threading.Lock()
_loaded: list[ModuleType] = []

Estimate = Callable[[np.ndarray, np.ndarray], np.ndarray]


def load_estimator() -> Estimate:
    """From a photo (H, W, 3) and alpha (H, W), float32 in [0, 1], to colours like the photo's."""
    with _lock:
        if not _loaded:
            _loaded.append(_load())
    import numba

    # Of this thread: only copies are parallel there, and threads that wait for busy cores take longer.
    numba.set_num_threads(1)
    return _loaded[0].estimate_foreground_ml


def _load() -> ModuleType:
    path = module_path(_MODULE)
    compiled = path.parent / "__pycache__"
    use_cache_folder("NUMBA_CACHE_DIR", usual=compiled)
    import numba

    numba.config.CACHE_DIR = os.environ.get("NUMBA_CACHE_DIR", "")  # had it been imported before
    if not _is_compiled(path, numba.config.CACHE_DIR):
        print("compiling the estimation of foreground colours (some seconds)", file=sys.stderr, flush=True)
    if _MODULE in sys.modules:
        return sys.modules[_MODULE]
    module = make_module(_MODULE, path)
    # numba imports the packages of what it finds in its cache; these hold no more than they have to.
    packages = [_MODULE.rsplit(".", count)[0] for count in (1, 2)]
    stand_ins = {name: ModuleType(name) for name in packages if name not in sys.modules}
    sys.modules.update(stand_ins)
    sys.modules[_MODULE] = module
    try:
        module.__spec__.loader.exec_module(module)
    except BaseException:
        del sys.modules[_MODULE]
        raise
    finally:
        for name in stand_ins:
            del sys.modules[name]
    return module


def _is_compiled(path: Path, cache_folder: str) -> bool:
    folder = Path(cache_folder) if cache_folder else path.parent / "__pycache__"
    return any(folder.rglob(f"{path.stem}.*.nbi"))
