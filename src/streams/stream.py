"""Mattes the frames of one stream: a model that takes the alpha of the frame before is given its own."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Protocol, TypeVar

import numpy as np

from src.description.traits import takes_previous
from src.inference.closer_look import Look
from src.inference.matting import Matting
from src.inference.outputs import Outputs
from src.streams.scenes import steadied_by_scene
from src.streams.stream_state import StreamState
from src.streams.temporal import Temporal, usual_way


class TimedFrame(Protocol):
    """What has the picture of a frame and its time."""

    image: np.ndarray  # (H, W, 3) uint8, BGR
    time: Fraction | float  # seconds on any clock


Shown = TypeVar("Shown", bound=TimedFrame)


class Stream:
    """One stream of frames; each stream has one of its own.

    What a model is given is its own alpha of the frame before: with the bars, and neither cleaned up nor
    steadied. With mirror images, it is the mean of both alphas, for the mirror image mirrored.

    Args:
        matting: the model, and how frames are prepared.

    Attributes:
        state: remembers the frame before; also for a model that is given nothing of it.
    """

    def __init__(self, matting: Matting):
        self._matting = matting
        self.state = StreamState()
        self._look: Look | None = None

    def predict(self, image: np.ndarray, time: Fraction | float) -> np.ndarray:
        """The alpha of the next frame at the network's size, or finer after a closer look.

        `Matting.upsample` resizes it to the frame's.

        Args:
            image: the frame, BGR (H, W, 3) uint8.
            time: when it is shown, in seconds on any clock.

        Returns:
            (h, w) float32 in [0, 1].
        """
        size = self._matting.info.size
        previous = self.state.previous(image, time, (size, size))
        whole = self._matting.engine.run_all(self._matting.prepare(image, previous))
        self.state.keep(self._matting.network_alpha(whole))
        # A model that takes the previous alpha was trained to see whole frames.
        if takes_previous(self._matting.info.system):
            outputs = Outputs(whole)
        else:
            outputs = self._matting.look_closer(image, whole, None if self.state.begins else self._look)
            self._look = outputs.look
        return self._matting.alpha(image, outputs)

    def alphas(
        self, frames: Iterable[Shown], way: Temporal | None = None
    ) -> Iterator[tuple[Shown, np.ndarray]]:
        """The frames with their alphas of `predict`, steadied, anew from each reset on.

        Args:
            frames: the next frames.
            way: see `steadied`; None: as `usual_way`.
        """
        way = way or usual_way(self._matting.info.system)
        return steadied_by_scene(frames, self._predict, way, self.state)

    def _predict(self, frame: TimedFrame) -> np.ndarray:
        return self.predict(frame.image, frame.time)
