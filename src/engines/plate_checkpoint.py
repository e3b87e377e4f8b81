"""Runs a checkpoint of Background Matting V2 with MindSpore, on photos of any size."""

from pathlib import Path

import mindspore as ms
import numpy as np

from src.common.device import use_device
from src.common.errors import UserError
from src.description.plate_form import RefinementName, copy_scale
from src.description.traits import SystemName
from src.engines.plate_interface import Size, checked, whole_cells
from src.model.background_matting.network import RefineNetwork, predict_refined
from src.model.background_matting.refiner import REFINERS
from src.model.weights import load_weights
from src.systems.background_matting import BACKBONES


class CheckpointEngine:
    """A `PlateEngine`.

    Args:
        checkpoint: the model.
        system: its system.
        refinement: of the 80,000 pixels of largest expected error ('sampling'), of all ('full'), or of cells
            whose expected error is above 0.1 ('thresholding').
        device: 'auto', 'Ascend', 'GPU' or 'CPU'.

    Raises:
        UserError: the checkpoint cannot be used.
    """

    def __init__(
        self,
        checkpoint: Path,
        system: SystemName,
        refinement: RefinementName = "sampling",
        device: str = "auto",
    ):
        if checkpoint.suffix.lower() != ".ckpt":
            raise UserError(f"{checkpoint}: is neither a checkpoint (.ckpt) nor an export (.mindir, .onnx)")
        use_device(device)
        self._network = RefineNetwork(BACKBONES[system], REFINERS[refinement]())
        load_weights(self._network, checkpoint)
        self._network.set_train(False)
        self._checkpoint = checkpoint

    def room(self, height: int, width: int) -> Size:
        """See `whole_cells`."""
        return whole_cells(height, width)

    def run(self, photo: np.ndarray, plate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `PlateEngine`."""
        inputs = ms.Tensor.from_numpy(photo), ms.Tensor.from_numpy(plate)  # no copies, which 4K would feel
        # Not compiled: photos differ in size, and each size would be compiled for itself.
        pha, fgr, *_ = predict_refined(self._network, *inputs, copy_scale(*photo.shape[2:]))
        return checked(self._checkpoint, (pha.asnumpy(), fgr.asnumpy()), photo.shape[2:])
