"""pymatting's solvers, what they cost, and what happens when one fails.

Germer et al., PyMatting: A Python Library for Alpha Matting, JOSS 2020. Its import and first use take
seconds, so it is imported late.
"""

import contextlib
import functools
import importlib
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from src.common.cache_folders import use_cache_folder
from src.common.errors import UserError

SolverName = Literal["cf", "knn", "lbdm", "rw", "lkm"]
DEFAULT_SOLVER: SolverName = "cf"

_LARGE_RADIUS = 10  # of large kernels; less in a picture that has no room for them
_OTHER_EPSILON = 1e-5  # of the second try: more regular than the default, 1e-7
_LEAST_SECONDS, _PATIENCE = 60, 10  # a solver is given up after so many times its estimate
# The side that is known may have no influence at all on what is not; a relative tolerance would never be met.
_TOLERANCES = {"atol": 1e-9, "rtol": 1e-7}

# numba's threads are not made for several callers at a time.
_lock = threading.Lock()


class Cost(NamedTuple):
    """What solving takes, on one core of a common processor."""

    bytes: float
    seconds: float

    def __str__(self) -> str:
        return f"about {max(0.1, self.seconds):.1f} s and {self.bytes / 1e6:.0f} MB"


class Solver(NamedTuple):
    """A solver of pymatting."""

    title: str
    bytes_per_pixel: int  # of the picture
    bytes_per_unknown: int  # more for each unknown pixel
    seconds_per_megapixel: float
    seconds_per_million_unknown: float
    has_epsilon: bool = False

    def cost(self, pixels: float, unknown: float) -> Cost:
        """What a picture of so many pixels takes, so many of them unknown."""
        return Cost(
            self.bytes_per_pixel * pixels + self.bytes_per_unknown * unknown,
            (self.seconds_per_megapixel * pixels + self.seconds_per_million_unknown * unknown) / 1e6,
        )


# Measured on portraits of 0.1 to 2 megapixels, about 8 % of them unknown.
SOLVERS: dict[SolverName, Solver] = {
    "cf": Solver("closed-form", 100, 5500, 0.1, 30, has_epsilon=True),
    "knn": Solver("KNN", 3500, 0, 20, 0),
    "lbdm": Solver("learning-based", 2500, 0, 10, 0, has_epsilon=True),
    "rw": Solver("random walk", 550, 0, 5, 0),
    "lkm": Solver("large kernel", 400, 0, 90, 0, has_epsilon=True),
}


class _FailedError(Exception):
    """A solver did not come to an end, or to numbers."""


def solve(image: np.ndarray, trimap: np.ndarray, name: SolverName) -> tuple[np.ndarray, str]:
    """Solve alpha where a trimap is unknown.

    A solver that does not converge, or takes ten times as long as it should, is tried once more with other
    settings; shared matting, which always ends, is the last resort.

    Args:
        image: RGB (H, W, 3) float64 in [0, 1], at least 3 pixels high and wide.
        trimap: (H, W) float64 with the values 0, 0.5 and 1, all of which must occur.
        name: the solver.

    Returns:
        Alpha (H, W) float64 in [0, 1], about as the trimap says where that is known; and what went wrong, or
        "".

    Raises:
        UserError: pymatting is not installed.
    """
    pymatting = _library()
    solver = SOLVERS[name]
    limit = max(_LEAST_SECONDS, _PATIENCE * solver.cost(trimap.size, np.count_nonzero(trimap == 0.5)).seconds)
    first = getattr(pymatting, f"estimate_alpha_{name}")
    own = {"radius": min(_LARGE_RADIUS, (min(trimap.shape) - 1) // 4)} if name == "lkm" else {}
    tries: list[Callable[[], np.ndarray]] = [functools.partial(_limited, first, image, trimap, limit, own)]
    if solver.has_epsilon:
        other = {**own, "epsilon": _OTHER_EPSILON}
        tries.append(functools.partial(_limited, first, image, trimap, limit, other))
    with _lock, _quiet():
        for number, attempt in enumerate(tries):
            with contextlib.suppress(_FailedError):
                return attempt(), "" if number == 0 else f"{solver.title} converged with epsilon 1e-5 only"
        alpha = pymatting.estimate_alpha_sm(image.astype(np.float32), trimap.astype(np.float32))
    return np.nan_to_num(alpha, nan=0.5).clip(0, 1), f"{solver.title} did not converge; shared matting did it"


def _limited(
    estimate: Callable[..., np.ndarray],
    image: np.ndarray,
    trimap: np.ndarray,
    limit: float,
    laplacian: dict[str, float],
) -> np.ndarray:
    end = time.monotonic() + limit

    def look_at_clock(*_: object) -> None:
        if time.monotonic() > end:
            raise _FailedError

    try:
        alpha = estimate(
            image, trimap, laplacian_kwargs=laplacian, cg_kwargs={**_TOLERANCES, "callback": look_at_clock}
        )
    except (ValueError, AssertionError):  # it did not converge, or the picture is too small for it
        raise _FailedError from None
    if not np.isfinite(alpha).all():
        raise _FailedError
    return alpha


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide warnings of a solver that fails: it is tried again."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _library():
    spec = find_spec("pymatting")
    if spec is not None and spec.origin:
        # numba keeps what it has compiled beside the modules.
        use_cache_folder("NUMBA_CACHE_DIR", usual=Path(spec.origin).with_name("__pycache__"))
    try:
        import pymatting
    except ImportError:
        raise UserError(
            "solving alpha from a trimap needs pymatting: pip install -r requirements-id_photo.txt"
        ) from None
    # It tells of every shift that it tries, on standard output.
    importlib.import_module("pymatting.preconditioner.ichol").print = lambda *_: None
    return pymatting
