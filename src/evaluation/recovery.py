"""How soon a model for videos recovers from a wrong alpha of the frame before."""

import copy
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from src.clips.clip import Clip
from src.images.letterbox import letterbox_place
from src.images.preprocessing import alpha_to_float, resize
from src.inference.matting import Matting
from src.metric import mad
from src.streams.stream import Stream

UNDISTURBED = "undisturbed"
_SHIFT = 30  # pixels of the network
_RATE = 25  # frames a second


def _shifted(alpha: np.ndarray) -> np.ndarray:
    moved = np.zeros_like(alpha)
    moved[:, _SHIFT:] = alpha[:, :-_SHIFT]
    return moved


DISTURBANCES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "all foreground": np.ones_like,
    "all background": np.zeros_like,
    f"shifted by {_SHIFT} pixels": _shifted,
}


def measure_recovery(clip: Clip, matting: Matting, at: int, count: int) -> dict[str, list[float]]:
    """The errors of a clip's frames, undisturbed and after a wrong alpha was put in once.

    Args:
        clip: with at least `count` frames.
        matting: of a system that takes the alpha of the frame before.
        at: the frame that is given the wrong alpha, counted from 0, at least 1. What is wrong is the true
            alpha of the frame before, changed by one of `DISTURBANCES`.
        count: of frames.

    Returns:
        For `UNDISTURBED` and each of `DISTURBANCES`: mean absolute error times 1000 of each frame's alpha, as
        it is before upsampling, at the network's size.

    Raises:
        ImageError: a frame cannot be read.
    """
    numbers = clip.numbers[:count]
    images, alphas = clip.frames.images(numbers), clip.frames.alphas(numbers)
    stream = Stream(matting)

    def errors(stream: Stream, places: Iterable[int]) -> list[float]:
        found = []
        for place in places:
            alpha = stream.predict(images[place], place / _RATE)
            found.append(1000 * mad(alpha, alpha_to_float(resize(alphas[place], *alpha.shape))))
        return found

    earlier = errors(stream, range(at))
    found = {}
    for name, disturb in {UNDISTURBED: None, **DISTURBANCES}.items():
        branch = Stream(matting)
        branch.state = copy.deepcopy(stream.state)
        if disturb:
            branch.state.keep(disturb(_at_network(alphas[at - 1], matting.info.size)))
        found[name] = earlier + errors(branch, range(at, len(numbers)))
    return found


def frames_until_recovered(disturbed: Sequence[float], undisturbed: Sequence[float]) -> int | None:
    """How many frames it takes until the errors stay within 10 % of the undisturbed ones.

    Args:
        disturbed: errors from the frame on that was given a wrong alpha.
        undisturbed: those of the same frames.

    Returns:
        0 if the first frame's is within already; None if the last one's is not.
    """
    apart = np.greater(disturbed, 1.1 * np.asarray(undisturbed))
    if apart[-1]:
        return None
    return int(np.flatnonzero(apart)[-1]) + 1 if apart.any() else 0


def _at_network(alpha: np.ndarray, size: int) -> np.ndarray:
    """An alpha (H, W) uint8 in the network's square, (size, size) float32; the bars are 0."""
    place = letterbox_place(*alpha.shape, size)
    square = np.zeros((size, size), np.float32)
    place.cut(square)[:] = alpha_to_float(resize(alpha, place.height, place.width))
    return square
