"""A network that only makes trimaps, beside the one whose alpha they improve."""

from pathlib import Path

import numpy as np

from src.engines.engine import TRIMAP_LOGITS, Engine, open_engine
from src.engines.engine_choice import EngineName
from src.engines.shipped import require_output
from src.inference.outputs import Outputs
from src.inference.protocol import Protocol
from src.inference.steps import MattingSteps

_PROTOCOL = Protocol(stretch=False, mirror=False, looks_closer=False, clean_up=False, upsampling="none")


class TrimapNetwork:
    """Finds the classes of a photo's pixels; any thread may call it.

    Args:
        engine: runs the network.
    """

    def __init__(self, engine: Engine):
        self._engine, self._steps = engine, MattingSteps(engine.info, _PROTOCOL)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """The probabilities of a photo's classes, at the network's size without the bars.

        Args:
            image: BGR (H, W, 3) uint8.

        Returns:
            (3, h, w) float32 in the order of TrimapClass.
        """
        return self._steps.class_probabilities(
            image, Outputs(self._engine.run_all(self._steps.prepare(image)))
        )


def load_trimap_network(
    model: str | Path, *, engine: EngineName = "auto", device: str = "auto"
) -> TrimapNetwork:
    """Load a model that predicts trimaps, such as a PSPNet.

    Args:
        model: a checkpoint (.ckpt), or an exported model (.mindir, .onnx).
        engine: as of `load_matting`.
        device: as of `load_matting`.

    Raises:
        UserError: as `open_engine`, or the model predicts no trimaps.
    """
    opened = open_engine(model, engine=engine, device=device)
    require_output(TRIMAP_LOGITS, model, opened.info)
    return TrimapNetwork(opened)
