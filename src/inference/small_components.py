"""Removes small parts of alpha apart from the person: a car in the coat's colour, a distant passer-by."""

import cv2
import numpy as np

_FAINT = 0.2  # pixels with alpha up to this separate the parts
_SMALL = 0.1  # fraction of the largest part's sum of alpha, below which a part is removed


def remove_small_components(alpha: np.ndarray) -> np.ndarray:
    """Set the parts that are small compared with the largest one to 0; several people are kept.

    Args:
        alpha: (H, W) float32 in [0, 1].

    Returns:
        (H, W) float32 in [0, 1].
    """
    count, labels = cv2.connectedComponents((alpha > _FAINT).astype(np.uint8), connectivity=8)
    if count <= 2:  # the first label is that of the faint pixels
        return alpha
    weights = np.bincount(labels.ravel(), alpha.ravel(), count)
    is_kept = weights >= _SMALL * weights[1:].max(initial=0)
    is_kept[0] = True  # faint pixels, such as hair
    return np.where(is_kept.take(labels), alpha, np.float32(0))
