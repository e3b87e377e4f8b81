"""A frame on its way from the camera to the preview."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import cv2
import numpy as np

View = Literal["whole", "square"]


class Taken(NamedTuple):
    """A frame as its source gives it: most are dropped, so that only those that are shown become pictures."""

    picture: Callable[[], np.ndarray]  # (H, W, 3) uint8, BGR; called once, in any thread
    time: float  # seconds, on any clock
    taken: float  # time.perf_counter() when it came
    seconds: float  # that reading it took, without waiting for it


class LiveFrame(NamedTuple):
    """A frame that is shown."""

    image: np.ndarray  # (H, W, 3) uint8, BGR
    time: float  # seconds, on any clock
    taken: float  # time.perf_counter() when it came
    shrunk: np.ndarray | None = None  # `Matting.shrunk` of the image, where a network sees it so
    foreground: np.ndarray | None = None  # the person's colours, as `image`, where a network predicts them


def framed(image: np.ndarray, view: View) -> np.ndarray:
    """A frame as in a mirror: the whole of it, or the square in its middle.

    Args:
        image: (H, W, 3) uint8.
        view: 'whole' or 'square'.

    Returns:
        (H, W, 3), or (S, S, 3) with S the shorter side, contiguous.
    """
    if view == "square":
        height, width = image.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        image = image[top : top + side, left : left + side]
    return cv2.flip(image, 1)
