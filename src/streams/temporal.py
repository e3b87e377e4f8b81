"""The ways to make a video's alpha steady."""

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol, TypeVar

import numpy as np

from src.description.traits import SystemName, takes_previous
from src.streams.one_frame_delay import delay_one_frame
from src.streams.temporal_smoothing import TemporalSmoothing

Temporal = Literal["none", "smoothing", "ofd"]


class HasImage(Protocol):
    """What has the picture of a frame."""

    image: np.ndarray  # (H, W, 3) uint8, BGR


Shown = TypeVar("Shown", bound=HasImage)


def usual_way(system: SystemName) -> Temporal:
    """The way where none is chosen: a model that sees its own alpha of the frame before needs no other."""
    return "none" if takes_previous(system) else "smoothing"


def steadied(way: Temporal, frames: Iterable[tuple[Shown, np.ndarray]]) -> Iterator[tuple[Shown, np.ndarray]]:
    """Steady the alphas of one video's frames, in their order; 'ofd' holds each frame back until the next.

    Args:
        way: 'none', 'smoothing' (`TemporalSmoothing`) or 'ofd' (`delay_one_frame`).
        frames: each with the network's alpha of it, (h, w) float32 in [0, 1].
    """
    if way == "ofd":
        return delay_one_frame(frames)
    if way == "smoothing":
        smooth = TemporalSmoothing()
        return ((frame, smooth(frame.image, alpha)) for frame, alpha in frames)
    return iter(frames)
