"""A trained network for one photo at a time: photo in, trimap and alpha at the photo's size out."""

from collections.abc import Sequence

import mindspore as ms
import numpy as np
from mindspore import Tensor

from src.images.preprocessing import network_input
from src.inference.matte import Matte, matte_of_outputs
from src.model.network import SHMNet


class Predictor:
    """Runs the network at a fixed size, compiled at the first photo.

    Args:
        network: with trained weights.
        size: height and width of the network's input, a multiple of 16.
        mean: subtracted from the BGR values, as in training.
    """

    def __init__(self, network: SHMNet, *, size: int, mean: Sequence[float]):
        network.set_train(False)
        self._size = size
        self._mean = mean
        self._run = ms.jit(network.construct)

    def __call__(self, image: np.ndarray) -> Matte:
        """Matte a photo, BGR (H, W, 3) uint8 of any size."""
        height, width = image.shape[:2]
        trimap_logits, alpha = self._run(Tensor(network_input(image, self._size, self._mean)))
        return matte_of_outputs(trimap_logits.asnumpy()[0], alpha.asnumpy()[0, 0], height, width)
