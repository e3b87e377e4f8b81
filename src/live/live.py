"""Mattes a camera's frames as they come, and shows them in the browser: what predict.py --camera does."""

import threading
import time
from collections.abc import Iterable

import numpy as np

from src.common.signals import stopped_by_signals
from src.images.blending import on_checkerboard
from src.inference.background import Background
from src.inference.cutout import CutoutMaker
from src.inference.matting import Matting
from src.inference.scenes import steadied_by_scene
from src.inference.stream import Stream
from src.inference.temporal import Temporal, usual_way
from src.live.camera import gone
from src.live.live_frame import LiveFrame, View
from src.live.pipeline import Alphas, run_pipeline
from src.live.preview import Preview
from src.live.report import Report
from src.live.source import open_source


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
    cutouts = CutoutMaker(matting, Background(background), estimate_foreground)
    stop = threading.Event() if stop is None else stop
    report, stream = Report(), Stream(matting)
    way = temporal or usual_way(matting.info.system)

    def predict(frame: LiveFrame) -> np.ndarray:
        started = time.perf_counter()
        alpha = stream.predict(frame.image, frame.time)
        report.add("network", time.perf_counter() - started)
        return alpha

    def predict_all(frames: Iterable[LiveFrame]) -> Alphas:
        return steadied_by_scene(frames, predict, way, stream.state)

    with Preview(port) as preview, stopped_by_signals(stop):
        matting.predict(np.zeros((64, 64, 3), np.uint8))  # the first run takes longer: it may compile
        opened = open_source(source)
        print(f"preview: {preview.address}  (Ctrl-C ends it)", flush=True)
        try:
            run_pipeline(
                opened,
                view,
                predict_all,
                lambda frame, alpha: preview.show(_side_by_side(cutouts, frame.image, alpha)),
                report,
                stop,
            )
        except TimeoutError:
            raise gone(source, "no frames any more") from None
        finally:
            report.resets = stream.state.resets
            if report.shown:
                print(report, flush=True)
    return report


def _side_by_side(cutouts: CutoutMaker, image: np.ndarray, pred_alpha: np.ndarray) -> np.ndarray:
    """A frame, and the person in it over the background: (H, 2 W, 3) uint8."""
    picture = cutouts.picture(image, cutouts.alpha(image, pred_alpha))
    if cutouts.background.is_transparent:
        picture = on_checkerboard(picture[..., :3], picture[..., 3])
    return np.hstack([image, picture])
