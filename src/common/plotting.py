"""Matplotlib, set up to draw without a screen and to use a writable cache folder."""

import os
from pathlib import Path

from src.common.atomic_file import atomic_path
from src.common.cache_folders import use_cache_folder
from src.common.errors import UserError

_usual = Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "matplotlib")  # noqa: PTH111
use_cache_folder("MPLCONFIGDIR", usual=_usual if _usual.is_absolute() else None)

import matplotlib  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.ticker import MaxNLocator  # noqa: E402

__all__ = ["MaxNLocator", "plt", "save_figure"]


def save_figure(figure: plt.Figure, path: Path, dpi: int = 100) -> None:
    """Write a figure atomically, in the format of the suffix, and close it.

    Raises:
        UserError: there is no such format, or the file cannot be written.
    """
    try:
        with atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=dpi, format=path.suffix[1:])
    except ValueError:
        raise UserError(f"{path}: a plot cannot be written as '{path.suffix}'; use .png or .svg") from None
    finally:
        plt.close(figure)
