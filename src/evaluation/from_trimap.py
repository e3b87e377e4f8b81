"""Alpha from a trimap, for measuring: the network's trimap, or the true one, which shows what is possible."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from src.images.preprocessing import alpha_to_float
from src.inference.from_trimap import TrimapMatting
from src.inference.matting import Matting
from src.trimap_matting.matting import make_plan, solve_trimap
from src.trimap_matting.solvers import SolverName
from src.trimap_matting.trimap import probabilities_from_alpha, trimap_from_classes

MeasuredTrimap = Literal["auto", "tnet", "true"]


class FromTrimap(NamedTuple):
    """Solves the alpha of photos from trimaps.

    Args:
        matting: the network.
        trimap: 'auto' or 'tnet', as `TrimapMatting`; 'true': as 'auto', but of the true alpha.
        solver: its name.
    """

    matting: Matting
    trimap: MeasuredTrimap
    solver: SolverName

    def __call__(self, image: np.ndarray, true_alpha: np.ndarray) -> np.ndarray:
        """Alpha (H, W) float32 in [0, 1].

        Args:
            image: the photo, BGR (H, W, 3) uint8.
            true_alpha: (H, W) uint8.
        """
        if self.trimap != "true":
            solve = TrimapMatting(self.matting, self.solver, self.trimap)
            return solve(Path("photo"), image, self.matting.run(image)).alpha
        alpha = alpha_to_float(true_alpha)
        trimap = trimap_from_classes(probabilities_from_alpha(alpha), *alpha.shape)
        return solve_trimap(image, trimap, make_plan(trimap, self.solver), self.matting.upsample, alpha).alpha
