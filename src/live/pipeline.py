"""Frames from a source through the network to the screen: reading, network and composing overlap.

Three threads. Between reading and the network, the newest frame wins. While one frame is composed, the
network predicts the next and then waits, so that no frame is predicted in vain.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import numpy as np

from src.live.live_frame import LiveFrame, Taken, View, framed
from src.live.newest import Newest
from src.live.report import Report
from src.live.source import Source

_POLL = 0.1  # seconds
_LAST_FRAME = 1.0  # seconds, in which a camera gives the frame that its reader waits for

Alphas = Iterator[tuple[LiveFrame, np.ndarray]]


def run_pipeline(
    source: Source,
    view: View,
    predict: Callable[[Iterable[LiveFrame]], Alphas],
    compose: Callable[[LiveFrame, np.ndarray], None],
    report: Report,
    stop: threading.Event,
) -> None:
    """Show frames until the source ends, `stop` is set, or Ctrl-C comes; then all threads have ended.

    Args:
        source: gives the frames, and is closed.
        view: what of each is taken.
        predict: turns frames into frames with their alphas, in order.
        compose: shows one.
        report: is filled, apart from its resets and the network's time.
        stop: ends it; it is set afterwards.

    Raises:
        TimeoutError: the source gave no frame for longer than its patience.
        UserError: what the source or a stage raised.
    """
    newest: Newest[Taken] = Newest()
    # A thread of its own, not of a pool: a camera that hangs must not keep the program from ending.
    reader = threading.Thread(target=_read, args=(source, newest, stop), daemon=True)
    with ThreadPoolExecutor(1) as networks:
        reader.start()
        taken = itertools.takewhile(lambda _: not stop.is_set(), newest.items(source.patience))
        frames = _pictures(taken, view, report)
        running = networks.submit(_show_all, predict(frames), compose, report)
        _wait(running, stop)
        newest.close()
    reader.join(_LAST_FRAME)
    report.dropped = newest.dropped
    running.result()


def _wait(running: Future, stop: threading.Event) -> None:
    """Wait until the frames have been shown; sets `stop`."""
    while not running.done() and not stop.is_set():
        try:
            wait([running], _POLL)
        except KeyboardInterrupt:
            break
    stop.set()


def _read(source: Source, newest: Newest[Taken], stop: threading.Event) -> None:
    try:
        for frame in source.frames(stop):
            newest.put(frame)
        newest.close()
    except BaseException as error:  # goes on in the thread that takes the frames
        newest.close(error)
    finally:
        source.close()


def _pictures(frames: Iterable[Taken], view: View, report: Report) -> Iterator[LiveFrame]:
    for frame in frames:
        started = time.perf_counter()
        image = framed(frame.picture(), view)
        report.add("read", frame.seconds + time.perf_counter() - started)
        yield LiveFrame(image, frame.time, frame.taken)


def _show_all(alphas: Alphas, compose: Callable[[LiveFrame, np.ndarray], None], report: Report) -> None:
    def show(frame: LiveFrame, alpha: np.ndarray) -> None:
        started = time.perf_counter()
        compose(frame, alpha)
        now = time.perf_counter()
        report.add("compose", now - started)
        report.add("camera to preview", now - frame.taken)
        report.show(now)

    with ThreadPoolExecutor(1) as composers:
        showing = None
        for frame, alpha in alphas:
            if showing is not None:
                showing.result()
            showing = composers.submit(show, frame, alpha)
        if showing is not None:
            showing.result()
