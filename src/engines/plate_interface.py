"""What runs a model of Background Matting V2, and what all that do have in common."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from src.common.naming import naming_file
from src.common.numbers import require_numbers
from src.systems.plate_form import CELL

Size = tuple[int, int]  # height and width


class PlateEngine(Protocol):
    """A loaded model."""

    def room(self, height: int, width: int) -> Size:
        """The size of the inputs for a photo of this size; it may be smaller than the photo."""

    def run(self, photo: np.ndarray, plate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute alpha (1, 1, H, W) and foreground (1, 3, H, W) from inputs (1, 3, H, W), float32.

        The inputs are RGB in [0, 1], of a size that `room` returned.

        Raises:
            UserError: the outputs have NaN or infinite values.
        """


def whole_cells(height: int, width: int) -> Size:
    """Both rounded up to whole cells of the refiner."""
    return height + -height % CELL, width + -width % CELL


def checked(path: Path, outputs: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The outputs, if all values are numbers.

    Raises:
        UserError: some are not; the message names the model's file.
    """
    alpha, foreground = outputs
    with naming_file(path):
        require_numbers("its outputs", alpha)
        require_numbers("its outputs", foreground)
    return alpha, foreground
