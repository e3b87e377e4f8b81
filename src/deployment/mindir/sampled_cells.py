"""Where the pixels of the cells lie that Background Matting V2's refiner takes."""

import numpy as np

from src.deployment.mindir.node_chain import NodeChain
from src.description.plate_form import CELL


class SampledCells:
    """The K cells of 4x4 pixels that one picture's refiner takes.

    Args:
        chain: gets the nodes, as that of the methods.
        chosen: output that holds their numbers, counted row by row.
        count: K.
        size: height and width of the picture.
    """

    def __init__(self, chain: NodeChain, chosen: str, count: int, size: list[int]):
        self.count = count
        self.row, self.column = np.ogrid[: size[0] // CELL, : size[1] // CELL]  # of all cells
        self._cells = chain.reshaped(chosen, (count,), whole=True)

    def places(self, chain: NodeChain, starts: np.ndarray, inside: np.ndarray) -> str:
        """Places (K, P) of pixels in a list of them.

        Args:
            chain: of one of the next nodes.
            starts: (H / 4, W / 4) the first place of each cell of the picture.
            inside: of any shape with P values: how far a cell's places are from its first.
        """
        start = chain.gathered(chain.whole(starts.reshape(-1, 1)), self._cells, (self.count, 1), whole=True)
        shape = self.count, inside.size
        return chain.sums(start, chain.whole(inside.reshape(1, -1)), shape, whole=True)

    def places_first(self, chain: NodeChain, starts: np.ndarray, inside: np.ndarray, length: int) -> str:
        """Likewise (P, K) or (P, K, Q), for `inside` (P,) or (P, Q), none outside a list of this length."""
        shape = len(inside), self.count, *inside.shape[1:]
        inside = inside[:, np.newaxis]
        start = chain.gathered(chain.whole(starts.reshape(-1)), self._cells, (self.count,), whole=True)
        start = chain.reshaped(start, (1, self.count) + (1,) * (inside.ndim - 2), whole=True)
        places = chain.sums(start, chain.whole(inside), shape, whole=True)
        limits = (chain.whole(np.full((1,) * inside.ndim, limit)) for limit in (0, length - 1))
        return chain.least(chain.most(places, next(limits), shape), next(limits), shape)

    def numbers(self, chain: NodeChain, table: np.ndarray) -> str:
        """The numbers (K,) that a table (H / 4, W / 4) has for the cells."""
        return chain.gathered(chain.whole(table.reshape(-1)), self._cells, (self.count,), whole=True)
