"""Steadies the alphas of a stream, anew from each scene on."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter

import numpy as np

from src.streams.stream_state import StreamState
from src.streams.temporal import Shown, Temporal, steadied


def steadied_by_scene(
    frames: Iterable[Shown],
    predict: Callable[[Shown], np.ndarray],
    way: Temporal,
    state: StreamState,
) -> Iterator[tuple[Shown, np.ndarray]]:
    """Predict the alpha of each frame and steady it; earlier ones are forgotten where `state` is reset.

    Args:
        frames: of one stream.
        predict: gives the network's alpha of a frame, (h, w) float32 in [0, 1], and shows it to `state`.
        way: see `steadied`.
        state: of the stream; counts the resets.
    """
    return steadied_scenes(way, with_scenes(frames, predict, state))


def with_scenes(
    frames: Iterable[Shown], predict: Callable[[Shown], np.ndarray], state: StreamState
) -> Iterator[tuple[int, tuple[Shown, np.ndarray]]]:
    """Predict the alpha of each frame, and yield the number of its scene, the frame and the alpha.

    Arguments are those of `steadied_by_scene`.
    """
    for frame in frames:
        alpha = predict(frame)
        yield state.resets.total(), (frame, alpha)


def steadied_scenes(
    way: Temporal, frames: Iterable[tuple[int, tuple[Shown, np.ndarray]]]
) -> Iterator[tuple[Shown, np.ndarray]]:
    """Steady what `with_scenes` gives, each scene by itself; for `way` see `steadied`."""
    for _, scene in itertools.groupby(frames, key=itemgetter(0)):
        yield from steadied(way, (each for _, each in scene))
