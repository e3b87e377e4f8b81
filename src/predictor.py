"""A trained network for one photo at a time: photo in, trimap and alpha at the photo's size out."""

from collections.abc import Sequence
from typing import NamedTuple

import mindspore as ms
import numpy as np
from mindspore import Tensor

from src.model.network import SHMNet
from src.preprocessing import network_input, resize_trimap, restore_alpha
from src.trimap import class_map_to_trimap


class Matte(NamedTuple):
    """What the network says of a photo."""

    trimap: np.ndarray  # (H, W) uint8 {0, 128, 255}
    alpha: np.ndarray  # (H, W) float32 in [0, 1]


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
        trimap = class_map_to_trimap(trimap_logits.asnumpy()[0].argmax(axis=0))
        return Matte(
            trimap=resize_trimap(trimap, height, width),
            alpha=restore_alpha(alpha.asnumpy()[0, 0], height, width),
        )
