"""What runs a model of Background Matting V2, and what all that do have in common."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from src.description.plate_form import CELL
from src.description.traits import output_shapes
from src.engines.outputs import named_outputs

Size = tuple[int, int]  # height and width


class PlateEngine(Protocol):
    """A loaded model."""

    def room(self, height: int, width: int) -> Size:
        """The size of the inputs for a photo of this size; it may be smaller than the photo."""

    def run(self, photo: np.ndarray, plate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute alpha (1, 1, H, W) and foreground (1, 3, H, W) from inputs (1, 3, H, W), float32.

        The inputs are RGB in [0, 1], of a size that `room` returned.

        Raises:
            UserError: the outputs have other shapes, or NaN or infinite values.
        """


def whole_cells(height: int, width: int) -> Size:
    """Both rounded up to whole cells of the refiner."""
    return height + -height % CELL, width + -width % CELL


def checked(path: Path, outputs: Sequence[np.ndarray], size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Alpha (1, 1, H, W) and foreground (1, 3, H, W), for inputs of a size.

    Raises:
        UserError: the outputs are others, or not numbers; the message names the model's file.
    """
    named = named_outputs(path, outputs, output_shapes("background_matting", *size))
    return named["alpha"], named["foreground"]
