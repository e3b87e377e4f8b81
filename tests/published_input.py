"""What the network gets of a photo by the published protocol, without `MattingSteps`."""

from collections.abc import Sequence

import numpy as np

from src.images.preprocessing import normalise, resize


def published_input(photo: np.ndarray, size: int, mean: Sequence[float]) -> np.ndarray:
    """BGR (H, W, 3) uint8 to (1, 3, size, size) float32."""
    return normalise(resize(photo, size, size), mean)[np.newaxis]
