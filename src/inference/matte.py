"""From the network's outputs to the matte of a photo, whatever ran the network."""

from typing import NamedTuple

import numpy as np

from src.images.preprocessing import resize_trimap, upsample_alpha
from src.images.trimap import class_map_to_trimap


class Matte(NamedTuple):
    """What the network says of a photo."""

    trimap: np.ndarray  # (H, W) uint8 {0, 128, 255}
    alpha: np.ndarray  # (H, W) float32 in [0, 1]


def matte_of_outputs(trimap_logits: np.ndarray, alpha: np.ndarray, height: int, width: int) -> Matte:
    """Bring the network's outputs to the photo's size.

    Args:
        trimap_logits: (3, h, w) float32.
        alpha: (h, w) float32, not clipped.
        height: of the photo.
        width: of the photo.
    """
    trimap = class_map_to_trimap(trimap_logits.argmax(axis=0))
    return Matte(
        trimap=resize_trimap(trimap, height, width),
        alpha=upsample_alpha(alpha, height, width),
    )
