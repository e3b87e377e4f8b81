"""Mattes a camera's frames with a plate: what predict.py --camera --plate does."""

import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from src.common.progress import say
from src.images.files import read_image
from src.images.preprocessing import alpha_to_bytes
from src.inference.background import Background
from src.live.live import show_live
from src.live.live_frame import LiveFrame, View, framed
from src.live.pipeline import Alphas
from src.live.report import Report
from src.plates.files import first_seconds
from src.plates.preparation import PlatePreparation
from src.streams.first_frames import FirstFrames, median_plate
from src.streams.stream_state import Reset
from src.streams.temporal import Temporal, steadied


def live_with_plate(
    source: str,
    preparation: PlatePreparation,
    plate: str,
    *,
    background: str = "transparent",
    replace_colours: bool = True,
    temporal: Temporal = "smoothing",
    view: View = "whole",
    port: int = 8000,
    stop: threading.Event | None = None,
) -> Report:
    """Show a camera beside its composite, as `live` does.

    Args:
        source: see `live`.
        preparation: of the plate, and the matting.
        plate: a photo that this camera took of the place without the person, or 'first:2s': nobody is in the
            picture in the first 2 seconds.
        background: see `live`.
        replace_colours: by the foreground that the network predicts; otherwise the frame's are kept.
        temporal: see `live`.
        view: see `live`.
        port: see `live`.
        stop: see `live`.

    Raises:
        UserError: source, plate, background or port cannot be used, or the camera has gone.
    """
    behind = Background(background)
    matting = _WithPlate(source, plate, view, preparation, behind, replace_colours, temporal)
    return show_live(source, matting, view, port, stop)


class _WithPlate:
    """A `FrameMatting`; see `live_with_plate` for its settings."""

    def __init__(
        self,
        source: str,
        plate: str,
        view: View,
        preparation: PlatePreparation,
        background: Background,
        replace_colours: bool,
        temporal: Temporal,
    ):
        self.resets: Counter[Reset] = Counter()  # none: the place stays the same
        self._source, self._name = source, plate
        self._seconds = first_seconds(plate)
        self._plate = framed(read_image(Path(plate)), view) if self._seconds is None else None
        self._preparation, self._background = preparation, background
        self._replace_colours, self._temporal = replace_colours, temporal

    def warm_up(self) -> None:
        """See `FrameMatting`."""
        empty = np.zeros((64, 64, 3), np.uint8)
        self._preparation.matting.predict(empty, empty)

    def alphas(self, frames: Iterable[LiveFrame], report: Report) -> Alphas:
        """See `FrameMatting`; alphas have the frames' size, and nobody is seen before there is a plate."""
        return steadied(self._temporal, self._predicted(frames, report))

    def picture(self, frame: LiveFrame, alpha: np.ndarray) -> np.ndarray:
        """See `FrameMatting`."""
        colours = frame.foreground if self._replace_colours else frame.image
        return self._background.behind(frame.image, alpha_to_bytes(alpha), colours)

    def _predicted(self, frames: Iterable[LiveFrame], report: Report) -> Alphas:
        first = None if self._seconds is None else FirstFrames(self._seconds)
        if first is not None:
            say(f"{self._source}: the next {self._seconds:g} seconds show the empty place, without anybody")
        plate = None
        for frame in frames:
            if first is not None and first.take(frame):
                yield frame._replace(foreground=frame.image), np.zeros(frame.image.shape[:2], np.float32)
                continue
            if plate is None:
                plate = self._prepared(frame.image, first)
                first = None
            with report.timed("network"):
                alpha, foreground = self._preparation.matting.predict(frame.image, plate)
            yield frame._replace(foreground=foreground), alpha

    def _prepared(self, image: np.ndarray, first: FirstFrames | None) -> np.ndarray:
        """The plate, made like the first frame that is matted."""
        plate = self._plate if first is None else median_plate(first.images)
        name = self._name if first is None else "the plate of the first seconds"
        plate = self._preparation.prepare_and_tell(self._source, image, plate, name)
        if first is not None:
            say(f"{self._source}: the plate is taken")
        return plate
