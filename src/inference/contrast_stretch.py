"""Contrast stretch: removes faint alpha beside the person, and fills nearly opaque alpha within."""

import numpy as np

MARGIN = 0.15  # chosen on training photos


def stretch_contrast(alpha: np.ndarray) -> np.ndarray:
    """Stretch alpha so that values below MARGIN become 0 and values above 1 - MARGIN become 1.

    Args:
        alpha: of any shape, float32, about in [0, 1].

    Returns:
        An array of the same shape, float32 in [0, 1].
    """
    return np.clip((alpha - np.float32(MARGIN)) / np.float32(1 - 2 * MARGIN), 0, 1)
