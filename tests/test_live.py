"""Live matting: frames of a camera through reading, network and composing, and its end."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

import predict
from src.common.errors import UserError
from src.live.camera import CameraError
from src.live.live import live
from src.live.live_frame import LiveFrame, Taken
from src.live.newest import Newest
from src.live.pipeline import run_pipeline
from src.live.report import Report
from src.streams.scenes import steadied_by_scene
from src.streams.stream import Stream
from src.streams.stream_state import StreamState
from tests.left_half import model
from tests.small_clips import frame as picture
from tests.small_clips import number_of
from tests.test_closer_look import BrightIsPerson, figure, matting_of
from tests.videos import write_video
from tests.viewer import Viewer

ROOT = Path(__file__).resolve().parents[1]
SOON = 20  # seconds, after which a test fails instead of waiting


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + SOON
    while not set(threading.enumerate()) <= before:
        assert time.monotonic() < end
        time.sleep(0.01)


class Steps:
    """A source, a network and a composer, of which each test decides when they go on."""

    patience = None

    def __init__(self, give: Callable[["Steps"], Iterator[int]]):
        self._give = give
        self.predicted: list[int] = []
        self.shown: list[int] = []
        self.pictures: list[int] = []
        self.has_begun = {stage: [threading.Event() for _ in range(10)] for stage in ("network", "compose")}
        self.closed = False

    def frames(self, stop: threading.Event) -> Iterator[Taken]:
        for number in self._give(self):
            yield Taken(partial(self._picture, number), number / 25, time.perf_counter(), 0.001)

    def _picture(self, number: int) -> np.ndarray:
        self.pictures.append(number)
        return picture(number)

    def close(self) -> None:
        self.closed = True

    def network(self, number: int) -> None:
        """May be replaced."""

    def compose(self, number: int) -> None:
        """May be replaced."""

    def run(self, stop: threading.Event | None = None) -> Report:
        report = Report()
        run_pipeline(self, "whole", self._predict, self._show, report, stop or threading.Event())
        return report

    def _predict(self, frames: Iterable[LiveFrame]) -> Iterator[tuple[LiveFrame, np.ndarray]]:
        for frame in frames:
            number = number_of(frame.image)
            self.predicted.append(number)
            self.has_begun["network"][number].set()
            self.network(number)
            yield frame, np.zeros((4, 4), np.float32)

    def _show(self, frame: LiveFrame, alpha: np.ndarray) -> None:
        number = number_of(frame.image)
        self.has_begun["compose"][number].set()
        self.compose(number)
        self.shown.append(number)


def test_while_the_network_is_busy_the_newest_frame_wins():
    def give(steps: Steps) -> Iterator[int]:
        yield 0
        assert steps.has_begun["network"][0].wait(SOON)
        yield from (1, 2, 3)
        given.set()

    given, steps = threading.Event(), Steps(give)
    steps.network = lambda number: given.wait(SOON)
    report = steps.run()
    assert steps.pictures == steps.predicted == steps.shown == [0, 3]  # no time is lost on the others
    assert (report.shown, report.dropped) == (2, 2)
    assert steps.closed


def test_the_network_goes_on_while_a_frame_is_composed_but_not_in_vain():
    def give(steps: Steps) -> Iterator[int]:
        for number in (0, 1):
            yield number
            assert steps.has_begun["network"][number].wait(SOON)
        yield from (2, 3, 4)
        given.set()

    given, steps = threading.Event(), Steps(give)
    steps.compose = lambda number: given.wait(SOON)  # of 0: until 1 has been predicted, and 4 was read
    report = steps.run()
    assert steps.predicted == steps.shown == [0, 1, 4]
    assert report.dropped == 2


@pytest.mark.parametrize("stage", ["source", "network", "compose"])
def test_what_fails_in_any_thread_ends_all(stage):
    def fail(number: int) -> None:
        raise UserError("no more")

    def give(steps: Steps) -> Iterator[int]:
        yield 0
        if stage == "source":
            fail(0)
        while not steps.closed and not stop.wait(0.01):
            yield 1

    stop, steps = threading.Event(), Steps(give)
    if stage != "source":
        setattr(steps, stage, fail)
    with pytest.raises(UserError, match="no more"):
        steps.run(stop)
    assert steps.closed


def test_a_source_without_an_end_is_stopped():
    def give(steps: Steps) -> Iterator[int]:
        while not stop.wait(0.01):
            yield 1

    stop, steps = threading.Event(), Steps(give)
    steps.compose = lambda number: stop.set() if len(steps.shown) == 4 else None
    report = steps.run(stop)
    assert 5 <= report.shown == len(steps.shown) <= 7


def test_a_camera_that_hangs_counts_as_gone(monkeypatch):
    """It does not keep the program from ending either."""

    def give(steps: Steps) -> Iterator[int]:
        yield 0
        goes_on.wait(SOON)

    goes_on, steps = threading.Event(), Steps(give)
    steps.patience = 0.1
    monkeypatch.setattr("src.live.live.open_source", lambda name: steps)
    with pytest.raises(CameraError, match="camera has gone"):
        live("0", model(), port=0, background="blue")
    goes_on.set()


def test_newest_keeps_order_and_raises_after_the_last_item():
    newest = Newest()
    newest.put(1)
    newest.put(2)
    newest.close(ValueError("end"))
    items = newest.items()
    assert next(items) == 2 and newest.dropped == 1
    with pytest.raises(ValueError, match="end"):
        next(items)


def test_a_file_through_a_slow_network(tmp_path, capsys, monkeypatch):
    """All of it, as a notebook calls it; the person is on the left of the mirrored frame."""
    predict_at_once, shown = Stream.predict, []

    def predict_slowly(self, image, shown_at):
        time.sleep(0.1)
        return predict_at_once(self, image, shown_at)

    monkeypatch.setattr(Stream, "predict", predict_slowly)
    monkeypatch.setattr("src.live.preview.Preview.show", lambda self, shows: shown.append(shows))
    path = write_video(tmp_path / "a.mp4", [picture(number) for number in range(20)], 25)
    report = live(str(path), model(), background="blue", estimate_foreground=False, port=0)
    numbers = [number_of(each[:, :48]) for each in shown]
    assert numbers == sorted(set(numbers)) and numbers[-1] == 19
    assert report.shown == len(shown) == 20 - report.dropped and report.dropped > 0
    assert report.milliseconds()["network"] >= 100
    assert report.milliseconds()["camera to preview"] >= 100
    assert shown[0].shape == (32, 96, 3)
    mirrored, composite = np.hsplit(shown[-1].astype(int), 2)
    np.testing.assert_array_equal(composite[:, :20], mirrored[:, :20])
    np.testing.assert_array_equal(composite[:, 30:], np.broadcast_to((255, 0, 0), (32, 18, 3)))
    screen = capsys.readouterr().out
    assert f"{report.shown} frames shown, {report.dropped} dropped" in screen


def test_the_network_comes_first(tmp_path, monkeypatch):
    """What composes takes little: one thread of OpenCV, the interpreter for short, and a small estimate."""
    before, found = (cv2.getNumThreads(), sys.getswitchinterval()), []

    def estimate(image: np.ndarray, alpha: np.ndarray, scale: float) -> np.ndarray:
        found.append((cv2.getNumThreads(), sys.getswitchinterval() < 0.001, scale))
        return image

    monkeypatch.setattr("src.inference.cutout.estimate_foreground", estimate)
    path = write_video(tmp_path / "a.mp4", [picture(number) for number in range(3)], 25)
    live(str(path), model(), background="blue", port=0)
    assert set(found) == {(1, True, 0.5)}
    assert (cv2.getNumThreads(), sys.getswitchinterval()) == before


def test_smoothing_starts_anew_with_a_new_scene():
    """Alpha jumps from 0 to 1: within a still scene a fifth of it is seen, after a cut all of it."""
    dark, bright = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 200, np.uint8)
    given = [(dark, 0.0), (dark, 1.0), (bright, 1.0), (bright, 1.0)]
    alphas = iter(alpha for _, alpha in given)
    frames = [LiveFrame(image, number / 25, 0.0) for number, (image, _) in enumerate(given)]
    state = StreamState()

    def predict_next(frame: LiveFrame) -> np.ndarray:
        alpha = np.full((4, 4), next(alphas), np.float32)
        state.previous(frame.image, frame.time, alpha.shape)
        state.keep(alpha)
        return alpha

    found = steadied_by_scene(frames, predict_next, "smoothing", state)
    assert [round(float(alpha.mean()), 4) for _, alpha in found] == [0, 0.2, 1, 1]
    assert state.resets == {"first frame": 1, "cut": 1}


@pytest.mark.parametrize(
    ("flags", "fact"),
    [
        (["--camera", "0"], "--preview"),
        (["--preview"], "--camera"),
        (["--camera", "0", "--preview", "--output", "x"], "files: --output"),
        (["--camera", "0", "--preview", "--shard", "1/2"], "files: --shard"),
        (["a.jpg", "--camera", "0", "--preview"], "files: PATH"),
        ([], "PATH"),
    ],
)
def test_flags_that_do_not_go_together(monkeypatch, capsys, flags, fact):
    monkeypatch.setattr("sys.argv", ["predict.py", *flags])
    with pytest.raises(SystemExit) as ended:
        predict.main()
    assert ended.value.code == 2 and fact in capsys.readouterr().err.splitlines()[-1]


def test_shrunk_frames_are_not_looked_at_more_closely(monkeypatch):
    """Whatever the protocol that the matting has for photos."""
    shown = []
    monkeypatch.setattr("src.live.live.show_live", lambda source, photos, *_: shown.append(photos))
    live("camera", matting_of(BrightIsPerson()), background="white")
    [photos], image = shown, figure(180, 320, 0.1)
    [(frame, alpha)] = photos.alphas([LiveFrame(image, 0.0, 0.0)], Report())
    assert alpha.shape == frame.shrunk.shape[:2] and alpha.max() > 0.9
    assert photos.picture(frame, alpha).shape == image.shape


def test_ctrl_c_ends_the_command_with_its_report(tmp_path):
    """The command itself, with the shipped model, while a viewer watches."""
    path = write_video(tmp_path / "a.mp4", [picture(number % 20) for number in range(2000)], 20)
    flags = ["--camera", path, "--preview", "0", "--background", "white"]
    process = subprocess.Popen(
        [sys.executable, ROOT / "predict.py", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    address = re.search(r"http://\S+", process.stdout.readline())[0]
    with Viewer(address) as viewer:
        seen = [next(viewer) for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert len(list(viewer)) < 10  # the stream ends
    screen, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in errors and "interrupted" not in errors
    assert len({number_of(image[:, :48]) for image in seen}) > 1  # the picture changes
    found = re.match(r"(\d+) frames shown, (\d+) dropped, [\d.]+ a second; \d+ resets", screen)
    assert int(found[1]) >= 3
    assert re.search(r"median ms: read [\d.]+, network [\d.]+, compose [\d.]+, camera to preview", screen)
