"""Matplotlib, set up to draw without a screen and to use a writable cache folder."""

import os
from pathlib import Path

from src.common.cache_folders import use_cache_folder

_usual = Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "matplotlib")  # noqa: PTH111
use_cache_folder("MPLCONFIGDIR", usual=_usual if _usual.is_absolute() else None)

import matplotlib  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.ticker import MaxNLocator  # noqa: E402

__all__ = ["MaxNLocator", "plt"]
