"""Alpha of a video that does not flicker: smoothed in time, but only where the picture stands still."""

import cv2
import numpy as np

_MEMORY = 0.8  # share of the earlier alpha where nothing moves
_MOTION = 6.0  # mean difference of colours, 0..255, at which a third of that is left
_WINDOW = 5  # pixels of the network over which it is averaged


class TemporalSmoothing:
    """Smooths one video's alpha; to be called frame by frame."""

    def __init__(self):
        self._image: np.ndarray | None = None
        self._alpha: np.ndarray | None = None

    def __call__(self, image: np.ndarray, pred_alpha: np.ndarray) -> np.ndarray:
        """Mix a frame's alpha with the earlier ones.

        Args:
            image: the frame, BGR (H, W, 3) uint8.
            pred_alpha: the network's alpha of it, (h, w) float32; h and w may change from frame to frame.

        Returns:
            (h, w) float32.
        """
        size = pred_alpha.shape[::-1]
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._alpha is not None:
            if self._alpha.shape != pred_alpha.shape:  # a closer look makes alpha finer
                self._image, self._alpha = (
                    cv2.resize(each, size, interpolation=cv2.INTER_LINEAR)
                    for each in (self._image, self._alpha)
                )
            difference = cv2.blur(np.abs(small - self._image).max(axis=2), (_WINDOW, _WINDOW))
            memory = _MEMORY * np.exp(-np.square(difference / _MOTION))
            pred_alpha = memory * self._alpha + (1 - memory) * pred_alpha
        self._image, self._alpha = small, pred_alpha
        return pred_alpha
