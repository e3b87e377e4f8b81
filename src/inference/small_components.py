"""Parts of an alpha that lie apart from the person: a car of the coat's colour, a passer-by far away."""

import cv2
import numpy as np

_FAINT = 0.2  # alpha up to which pixels divide the parts
_SMALL = 0.1  # of the largest part, by the sum of alpha


def remove_small_components(alpha: np.ndarray) -> np.ndarray:
    """Set to 0 the parts that are small beside the largest one; several people stay.

    Args:
        alpha: (H, W) float32 in [0, 1].
    """
    count, labels = cv2.connectedComponents((alpha > _FAINT).astype(np.uint8), connectivity=8)
    weights = np.bincount(labels.ravel(), alpha.ravel(), count)
    is_kept = weights >= _SMALL * weights[1:].max(initial=0)
    is_kept[0] = True  # the faint rest, hair among it
    return np.where(is_kept[labels], alpha, np.float32(0))
