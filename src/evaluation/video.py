"""Quality of a video's mattes, for each way to make them steady."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from src.common.errors import UserError
from src.images.preprocessing import alpha_to_float
from src.inference.matting import Matting
from src.metric import dtssd, mad, sad
from src.plates.matting import PlateMatting
from src.streams.scenes import steadied_scenes, with_scenes
from src.streams.stream import Stream
from src.streams.stream_state import StreamState

WAYS = {"smoothed in time": "smoothing", "one-frame delay": "ofd", "frame by frame": "none"}

_RATE = 25  # frames a second: pictures without times follow each other like those of a film


class _Frame(NamedTuple):
    image: np.ndarray
    time: float  # seconds
    true_alpha: np.ndarray  # (H, W) float32 in [0, 1]


def measure_video(
    frames: Iterable[tuple[np.ndarray, np.ndarray]], matting: Matting
) -> dict[str, dict[str, float]]:
    """Measure a video's mattes, with each way of `predict.py --temporal`, which begins anew at each cut.

    Args:
        frames: at least two, BGR (H, W, 3) uint8, each with its true alpha (H, W) uint8.
        matting: the matting to measure.

    Returns:
        Means of 'dtssd', 'sad' (thousands of pixels) and 'mad' (times 1000) for each of `WAYS`.

    Raises:
        UserError: a frame and its alpha, or two frames, differ in size.
    """
    stream = Stream(matting)
    return _measure(
        frames, lambda frame: stream.predict(frame.image, frame.time), matting.upsample, stream.state
    )


def measure_video_with_plate(
    frames: Iterable[tuple[np.ndarray, np.ndarray]], matting: PlateMatting, plate: np.ndarray
) -> dict[str, dict[str, float]]:
    """The same with one plate for all frames, BGR (H, W, 3) uint8, of their size: they are one scene."""
    return _measure(
        frames, lambda frame: matting.predict(frame.image, plate)[0], lambda _, alpha: alpha, StreamState()
    )


def _measure(
    frames: Iterable[tuple[np.ndarray, np.ndarray]],
    predict: Callable[[_Frame], np.ndarray],
    upsample: Callable[[np.ndarray, np.ndarray], np.ndarray],
    state: StreamState,
) -> dict[str, dict[str, float]]:
    """Measure what `predict` gives of a frame, steadied as `steadied_by_scene` does, at the frame's size."""
    copies = itertools.tee(with_scenes(_checked(frames), predict, state), len(WAYS))
    steady = (steadied_scenes(way, copy) for way, copy in zip(WAYS.values(), copies, strict=True))
    before, found = None, {way: {"dtssd": [], "sad": [], "mad": []} for way in WAYS}
    for mattes in zip(*steady, strict=True):
        frame = mattes[0][0]
        alphas = [upsample(frame.image, alpha) for _, alpha in mattes]
        for number, (values, alpha) in enumerate(zip(found.values(), alphas, strict=True)):
            values["sad"].append(sad(alpha, frame.true_alpha))
            values["mad"].append(1000 * mad(alpha, frame.true_alpha))
            if before is not None:
                earlier, true_earlier = before
                values["dtssd"].append(dtssd((earlier[number], alpha), (true_earlier, frame.true_alpha)))
        before = alphas, frame.true_alpha
    means = {}
    for way, values in found.items():
        means[way] = {name: float(np.mean(each)) for name, each in values.items()}
    return means


def _checked(frames: Iterable[tuple[np.ndarray, np.ndarray]]) -> Iterator[_Frame]:
    shape = None
    for number, (image, true_alpha) in enumerate(frames):
        shape = shape or image.shape
        if image.shape != shape:
            raise UserError(f"frame {number}: is not of the size of the frames before it")
        if true_alpha.shape != image.shape[:2]:
            raise UserError(f"frame {number}: its alpha has a different size")
        yield _Frame(image, number / _RATE, alpha_to_float(true_alpha))
