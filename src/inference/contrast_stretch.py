"""What a network leaves where it is nearly sure: a little alpha beside the person, a little missing in it."""

import numpy as np

MARGIN = 0.15  # chosen on training photos


def stretch_contrast(alpha: np.ndarray) -> np.ndarray:
    """Stretch alpha so that what is within MARGIN of 0 or 1 is 0 or 1.

    Args:
        alpha: of any shape, float32, about in [0, 1].

    Returns:
        In [0, 1].
    """
    return np.clip((alpha - np.float32(MARGIN)) / np.float32(1 - 2 * MARGIN), 0, 1)
