"""Mattes a camera's frames as they come, and shows them in the browser: what predict.py --camera does."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

import numpy as np

from src.common.signals import stopped_by_signals
from src.images.blending import on_checkerboard
from src.inference.background import Background
from src.inference.cutout import CutoutMaker
from src.inference.matting import Matting
from src.live.camera import gone
from src.live.live_frame import LiveFrame, View
from src.live.pipeline import Alphas, run_pipeline
from src.live.preview import Preview
from src.live.report import Report
from src.live.source import open_source
from src.live.threads import network_first
from src.streams.scenes import steadied_by_scene
from src.streams.stream import Stream
from src.streams.stream_state import Reset
from src.streams.temporal import Temporal, usual_way

_FOREGROUND_SCALE = 0.5  # half the time, and a moving rim's colours are not looked at closely


def live(
    source: str,
    matting: Matting,
    *,
    background: str = "transparent",
    estimate_foreground: bool = True,
    temporal: Temporal | None = None,
    view: View = "whole",
    port: int = 8000,
    stop: threading.Event | None = None,
) -> Report:
    """Show a camera, mirrored, beside its composite in a page on the loopback address, until it is stopped.

    Ctrl-C and SIGTERM stop it, and the end of a video. It prints the page's address, and a report at the end.

    Args:
        source: a camera's number or device, or a video, which plays as if it came from one.
        matting: the model; for speed, without mirror images (`load_matting(mirror=False)`).
        background: 'transparent' (shown as a checkerboard), 'blur', a colour name, '#RRGGBB' or an image.
        estimate_foreground: take the old background's colours out of the person's rim.
        temporal: how alpha is made steady, as for videos; 'ofd' shows each frame only once the next has come.
        view: the 'whole' frame, or the 'square' in its middle.
        port: of the page; 0: a free one.
        stop: stops it, when set.

    Raises:
        UserError: source, background or port cannot be used, or the camera has gone.
    """
    # Frames are shrunk to the network's size: a part of one would show nothing more.
    matting = Matting(matting.engine, replace(matting.protocol, looks_closer=False))
    cutouts = CutoutMaker(
        matting, Background(background), estimate_foreground, foreground_scale=_FOREGROUND_SCALE
    )
    return show_live(source, _Photos(cutouts, temporal or usual_way(matting.info.system)), view, port, stop)


class FrameMatting(Protocol):
    """Mattes the frames of one run."""

    resets: Counter[Reset]  # of its stream

    def warm_up(self) -> None:
        """Run the model once: the first run takes longer, since it may compile."""

    def alphas(self, frames: Iterable[LiveFrame], report: Report) -> Alphas:
        """The frames with their alphas; `report` is told of the network's time."""

    def picture(self, frame: LiveFrame, alpha: np.ndarray) -> np.ndarray:
        """The person over the background, BGR (H, W, 3) uint8, or BGRA where that is transparent."""


def show_live(
    source: str, matting: FrameMatting, view: View, port: int, stop: threading.Event | None = None
) -> Report:
    """Show a source until it ends or is stopped; see `live`."""
    stop = threading.Event() if stop is None else stop
    report = Report()
    with Preview(port) as preview, stopped_by_signals(stop), network_first():
        matting.warm_up()
        opened = open_source(source)
        print(f"preview: {preview.address}  (Ctrl-C ends it)", flush=True)
        try:
            run_pipeline(
                opened,
                view,
                lambda frames: matting.alphas(frames, report),
                lambda frame, alpha: preview.show(_side_by_side(frame, matting.picture(frame, alpha))),
                report,
                stop,
            )
        except TimeoutError:
            raise gone(source, "no frames any more") from None
        finally:
            report.resets = matting.resets
            if report.shown:
                print(report, flush=True)
    return report


class _Photos:
    """A `FrameMatting` by a model that sees the frames alone."""

    def __init__(self, cutouts: CutoutMaker, way: Temporal):
        self._cutouts, self._way = cutouts, way
        self._stream = Stream(cutouts.matting)
        self.resets = self._stream.state.resets

    def warm_up(self) -> None:
        """See `FrameMatting`."""
        self._cutouts.matting.predict(np.zeros((64, 64, 3), np.uint8))

    def alphas(self, frames: Iterable[LiveFrame], report: Report) -> Alphas:
        """See `FrameMatting`; alphas are of the network's size."""

        def predict(frame: LiveFrame) -> np.ndarray:
            with report.timed("network"):
                return self._stream.predict(frame.shrunk, frame.time)

        # Once for the network, the search for cuts and the guided filter.
        shrunk = (frame._replace(shrunk=self._cutouts.matting.shrunk(frame.image)) for frame in frames)
        return steadied_by_scene(shrunk, predict, self._way, self._stream.state)

    def picture(self, frame: LiveFrame, alpha: np.ndarray) -> np.ndarray:
        """See `FrameMatting`."""
        return self._cutouts.picture(frame.image, self._cutouts.alpha(frame.image, alpha, frame.shrunk))


def _side_by_side(frame: LiveFrame, picture: np.ndarray) -> np.ndarray:
    """A frame, and the person in it: (H, 2 W, 3) uint8."""
    if picture.shape[2] == 4:
        picture = on_checkerboard(picture[..., :3], picture[..., 3])
    return np.hstack([frame.image, picture])
