"""Alpha of a photo from its trimap, for every kind of trimap and size of photo."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from src.trimap_matting.solvers import SOLVERS, Cost, SolverName, solve
from src.trimap_matting.trimap import BACKGROUND, FOREGROUND, UNKNOWN

MOST_BYTES = 1e9  # that a solver may take
_MOST_PIXELS, _MOST_UNKNOWN = 1_000_000, 150_000  # that are solved
_LEAST_SIDE = 3  # pixels: the solvers look at windows of this size
_WHOLE = 1 - 1e-4  # of a pixel of the copy, with room for rounding

Enlarge = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Plan(NamedTuple):
    """What is going to be solved."""

    solver: SolverName
    height: int  # of the picture or its copy
    width: int
    unknown: int  # about so many pixels of it
    cost: Cost

    def __str__(self) -> str:
        title = SOLVERS[self.solver].title
        return f"{title} matting of {self.unknown} unknown pixels at {self.width}x{self.height}: {self.cost}"


class Solution(NamedTuple):
    """Alpha, and what its reader should know about it."""

    alpha: np.ndarray  # (H, W) float32 in [0, 1]
    remark: str  # "" where all went well


def make_plan(trimap: np.ndarray, solver: SolverName, most_bytes: float = MOST_BYTES) -> Plan:
    """Choose the size at which a trimap is solved: its own, or a smaller one that is fast and fits in memory.

    Args:
        trimap: (H, W) uint8 with the values 0, 128 and 255.
        solver: its name.
        most_bytes: what the solver may take.
    """
    pixels, unknown = trimap.size, np.count_nonzero(trimap == UNKNOWN)
    whole = SOLVERS[solver].cost(pixels, unknown)
    share = min(1, _MOST_PIXELS / pixels, _MOST_UNKNOWN / max(1, unknown), most_bytes / whole.bytes)
    height, width = (max(1, round(side * share**0.5)) for side in trimap.shape)
    cost = SOLVERS[solver].cost(pixels * share, unknown * share)
    return Plan(solver, height, width, round(unknown * share), cost)


def solve_trimap(
    image: np.ndarray, trimap: np.ndarray, plan: Plan, enlarge: Enlarge, otherwise: np.ndarray
) -> Solution:
    """Compute alpha from a trimap.

    What the trimap knows becomes exactly 0 and 1.

    Args:
        image: BGR (H, W, 3) uint8.
        trimap: (H, W) uint8 with the values 0, 128 and 255.
        plan: of `make_plan`.
        enlarge: takes the photo and alpha of its small copy, and returns alpha at the photo's size.
        otherwise: (H, W) float32 in [0, 1], alpha from elsewhere, for where a trimap says nothing.

    Raises:
        UserError: as `solve`.
    """
    trivial = _without_solver(trimap, otherwise)
    if trivial is not None:
        return trivial
    small = _copy(image, trimap, plan)
    if small is None:
        return Solution(_known(otherwise, trimap), "its foreground or background is too thin to be solved")
    alpha, remark = solve(*small, plan.solver)
    alpha = alpha.astype(np.float32)
    if alpha.shape != trimap.shape:
        alpha = enlarge(image, alpha)
    return Solution(_known(alpha, trimap), remark)


def _without_solver(trimap: np.ndarray, otherwise: np.ndarray) -> Solution | None:
    """The solution of a trimap that leaves nothing to solve; None for all others."""
    has_background, has_foreground, has_unknown = (
        bool((trimap == value).any()) for value in (BACKGROUND, FOREGROUND, UNKNOWN)
    )
    if not has_foreground and not has_background:
        return Solution(otherwise, "the trimap is unknown everywhere; this is the network's own alpha")
    if not has_foreground:
        return Solution(np.zeros(trimap.shape, np.float32), "nobody found: the trimap has no foreground")
    if not has_background:
        return Solution(np.ones(trimap.shape, np.float32), "the trimap has no background; all is foreground")
    if not has_unknown:
        return Solution(_known(otherwise, trimap), "")
    if min(trimap.shape) < _LEAST_SIDE:
        return Solution(
            _known(otherwise, trimap), f"less than {_LEAST_SIDE} pixels high or wide: cannot be solved"
        )
    return None


def _copy(image: np.ndarray, trimap: np.ndarray, plan: Plan) -> tuple[np.ndarray, np.ndarray] | None:
    """Photo, RGB (h, w, 3), and trimap (h, w) at the plan's size, both float64 in [0, 1].

    A pixel is known only if all of the photo's pixels in it are. None where nothing is left of a class.
    """
    size = plan.width, plan.height
    if min(size) < _LEAST_SIDE:
        return None
    shares = [
        cv2.resize((trimap == value).astype(np.float32), size, interpolation=cv2.INTER_AREA) >= _WHOLE
        for value in (BACKGROUND, FOREGROUND)
    ]
    if not (shares[0].any() and shares[1].any()):
        return None
    rgb = cv2.resize(image, size, interpolation=cv2.INTER_AREA)[..., ::-1] / 255.0
    return np.ascontiguousarray(rgb), np.select(shares, [0.0, 1.0], 0.5)


def _known(alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Alpha, but exactly 0 and 1 where the trimap knows it."""
    return np.select([trimap == BACKGROUND, trimap == FOREGROUND], [0, 1], alpha).astype(np.float32)
