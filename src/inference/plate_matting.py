"""Alpha and foreground colours from a photo and its plate, with a model of Background Matting V2."""

from pathlib import Path
from typing import NamedTuple

import mindspore as ms
import numpy as np

from src.common.errors import UserError
from src.common.naming import naming_file
from src.common.numbers import require_numbers
from src.images.preprocessing import alpha_to_bytes
from src.inference.plate_files import Refinement
from src.model.background_matting.cells import CELL
from src.model.background_matting.network import RefineNetwork, predict_refined
from src.model.background_matting.refiner import FullRefiner, SamplingRefiner
from src.model.weights import load_weights
from src.systems.background_matting import BACKBONES
from src.systems.registry import SystemName

_COPY_SIDE = 480  # longer side of the copy that the base network sees, if the photo is large enough
_LARGEST_SCALE = 0.5


class PlateMatte(NamedTuple):
    """What comes of a photo and its plate."""

    alpha: np.ndarray  # (H, W) uint8
    foreground: np.ndarray  # the person's own colours, BGR (H, W, 3) uint8


class PlateMatting:
    """Mattes photos at their own size.

    Args:
        checkpoint: the model.
        system: its system.
        refinement: 'sampling' refines the 80,000 pixels of largest expected error, 'full' all.

    Raises:
        UserError: the checkpoint cannot be used.
    """

    def __init__(self, checkpoint: Path, system: SystemName, refinement: Refinement = "sampling"):
        if checkpoint.suffix.lower() != ".ckpt":
            raise UserError(f"{checkpoint}: with a plate, only checkpoints (.ckpt) can be used yet")
        refiner = FullRefiner() if refinement == "full" else SamplingRefiner()
        self._network = RefineNetwork(BACKBONES[system], refiner)
        load_weights(self._network, checkpoint)
        self._network.set_train(False)
        self._checkpoint = checkpoint

    def matte(self, photo: np.ndarray, plate: np.ndarray) -> PlateMatte:
        """Matte a photo.

        Args:
            photo: BGR (H, W, 3) uint8.
            plate: of the same size.

        Raises:
            UserError: the model's output has NaN or infinite values.
        """
        height, width = photo.shape[:2]
        inputs = _as_input(photo), _as_input(plate)
        # Not compiled: photos differ in size, and each size would be compiled for itself.
        pha, fgr, *_ = predict_refined(self._network, *inputs, copy_scale(height, width))
        alpha, colours = (each.asnumpy()[0, :, :height, :width] for each in (pha, fgr))
        with naming_file(self._checkpoint):
            require_numbers("its outputs", alpha)
            require_numbers("its outputs", colours)
        return PlateMatte(alpha_to_bytes(alpha[0]), alpha_to_bytes(colours[::-1].transpose(1, 2, 0)))


def copy_scale(height: int, width: int) -> float:
    """The scale of the copy that the base network sees: 0.125 for 3840x2160, at most 0.5."""
    return min(_LARGEST_SCALE, _COPY_SIDE / max(height, width))


def _as_input(image: np.ndarray) -> ms.Tensor:
    """BGR (H, W, 3) uint8 to RGB (1, 3, H', W') in [0, 1]: H and W rounded up to cells, borders repeated."""
    margins = [(0, -side % CELL) for side in image.shape[:2]]
    padded = np.pad(image[..., ::-1], [*margins, (0, 0)], "edge")
    return ms.Tensor(padded.transpose(2, 0, 1)[np.newaxis].astype(np.float32) / 255)
