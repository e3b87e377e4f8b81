"""predict.py: videos in, videos out, and how steady they are."""

import dataclasses
import os

import cv2
import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.evaluation.video import measure_video
from src.inference.contrast_stretch import MARGIN
from src.inference.engine import ALPHA, TRIMAP_LOGITS, Engine
from src.inference.matting import Matting
from src.inference.protocol import DEFAULT
from src.inference.temporal_smoothing import TemporalSmoothing
from src.metric import dtssd
from src.systems.model_info import ModelInfo
from tests.predicting import PHOTO, SIZE
from tests.videos import read_video, write_timed_video, write_video


def moving_frames(count: int = 6) -> list[np.ndarray]:
    return [np.roll(cv2.resize(PHOTO, (48, 64)), 2 * number, axis=1) for number in range(count)]


def test_a_video_becomes_a_video(tmp_path, run_predict):
    clip = write_video(tmp_path / "clip.mp4", moving_frames())
    status, screen = run_predict(clip, "--background", "blue")
    assert status == 0 and "6 frames" in screen
    for kind in ("alpha", "composite"):
        frames = read_video(tmp_path / f"clip_{kind}.mp4")
        assert len(frames) == 6 and frames[0].shape == (64, 48, 3)
        assert cv2.VideoCapture(str(tmp_path / f"clip_{kind}.mp4")).get(cv2.CAP_PROP_FPS) == 12
    composite, alpha = (read_video(tmp_path / f"clip_{kind}.mp4")[2] for kind in ("composite", "alpha"))
    behind = composite[alpha[..., 0] < 3]
    assert len(behind) and behind[:, 0].mean() > 200


def test_without_a_background_a_video_gives_its_alpha(tmp_path, run_predict):
    clip = write_video(tmp_path / "clip.avi", moving_frames(2))
    assert run_predict(clip, "--output", tmp_path / "out")[0] == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip_alpha.mp4"]


@pytest.mark.parametrize("size", [(65, 48), (64, 47)])
def test_a_video_of_odd_size_and_rate(tmp_path, run_predict, size):
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"FFV1"), 119.873, size[::-1])
    for frame in moving_frames(4):
        writer.write(cv2.resize(frame, size[::-1]))
    writer.release()
    assert run_predict(clip)[0] == 0
    even = size[0] // 2 * 2, size[1] // 2 * 2, 3
    assert [frame.shape for frame in read_video(tmp_path / "clip_alpha.mp4")] == [even] * 4


def test_a_video_of_varying_rate_lasts_as_long(tmp_path, run_predict):
    times = [0, 33, 66, 100, 300, 500, 700, 900]
    clip = write_timed_video(tmp_path / "clip.mkv", moving_frames(8), times)
    status, screen = run_predict(clip)
    assert status == 0 and "8 frames" in screen and "can be read" not in screen
    made = cv2.VideoCapture(str(tmp_path / "clip_alpha.mp4"))
    assert len(read_video(tmp_path / "clip_alpha.mp4")) == 8
    assert made.get(cv2.CAP_PROP_FPS) == pytest.approx(7 / 0.9, abs=0.01)


@pytest.mark.parametrize(("frames", "readable", "expected"), [(6, 3, 3), (12, 11, 0)])
def test_a_video_that_ends_early_is_named_and_what_there_is_kept(
    tmp_path, run_predict, monkeypatch, frames, readable, expected
):
    clip = write_video(tmp_path / "clip.mp4", moving_frames(frames))

    class Breaking:
        """No subclass: memory of OpenCV's own classes is lost when Python collects their subclasses."""

        def __init__(self, path):
            self._reader, self._left = reader(path), iter([True] * readable)

        def __getattr__(self, name):
            return getattr(self._reader, name)

        def grab(self):
            return next(self._left, False) and self._reader.grab()

        def read(self):
            return self._reader.read() if next(self._left, False) else (False, None)

    reader = cv2.VideoCapture
    with monkeypatch.context() as patch:
        patch.setattr(
            "src.inference.video.cv2.VideoCapture",
            lambda path: (Breaking if path == str(clip) else reader)(path),
        )
        status, screen = run_predict(clip)
    assert status == expected
    assert f"clip.mp4: of about {frames} frames that it says it has, {readable} can be read" in screen
    assert len(read_video(tmp_path / "clip_alpha.mp4")) == readable


def test_a_video_that_fails_does_not_stop_the_next(tmp_path, run_predict, monkeypatch):
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, moving_frames(2), rate=12 if name == "b.mp4" else 24)
    predict_alpha, failures = Matting.predict, iter([True])

    def fails_once(self, image):
        if next(failures, False):
            raise cv2.error("too odd")
        return predict_alpha(self, image)

    monkeypatch.setattr(Matting, "predict", fails_once)
    status, screen = run_predict(tmp_path)
    assert status == 3 and f"left out: {tmp_path / 'a.mp4'}: cannot be matted: too odd" in screen
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "b_alpha.mp4"]


def test_the_sound_is_copied(tmp_path, run_predict, monkeypatch):
    """By ffmpeg; here a stand-in writes down what it is asked for."""
    clip = write_video(tmp_path / "clip.mp4", moving_frames(3))
    ffmpeg = tmp_path / "bin" / "ffmpeg"
    ffmpeg.parent.mkdir()
    copies = f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\nfor last; do :; done\ncp "$5" "$last"\n'
    ffmpeg.write_text(copies)
    ffmpeg.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ffmpeg.parent}:{os.environ['PATH']}")
    assert run_predict(clip, "--background", "red", "--output", tmp_path / "out")[0] == 0
    assert f"-i {clip} -map 0:v -map 1:a? -c:v copy -c:a copy" in (tmp_path / "asked").read_text()
    assert len(read_video(tmp_path / "out" / "clip_composite.mp4")) == 3
    ffmpeg.write_text(copies.replace("\n", '\ncase "$*" in *"-c:a copy"*) exit 1;; esac\n', 1))
    run_predict(clip, "--background", "red", "--output", tmp_path / "out", "--overwrite")
    assert "-c:a aac" in (tmp_path / "asked").read_text()
    ffmpeg.write_text("#!/bin/sh\necho no such stream >&2; exit 1\n")
    status, screen = run_predict(clip, "--background", "red", "--output", tmp_path / "out", "--overwrite")
    assert status == 0 and "its sound could not be copied: no such stream" in screen
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["clip_alpha.mp4", "clip_composite.mp4"]


def test_a_damaged_video_is_named(tmp_path, run_predict):
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    status, screen = run_predict(tmp_path / "clip.mp4")
    assert status == 3
    assert f"left out: {tmp_path / 'clip.mp4'}: cannot be read as a video" in screen
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_alpha_is_steadier_where_nothing_moves_and_follows_what_moves():
    rng = np.random.default_rng(0)
    still = cv2.resize(rng.integers(0, 256, (12, 12, 3), np.uint8), (96, 96))
    true_alpha = np.zeros((32, 32), np.float32)
    true_alpha[8:24, 8:24] = 1

    def noisy() -> np.ndarray:
        return np.clip(true_alpha + rng.normal(0, 0.1, true_alpha.shape), 0, 1).astype(np.float32)

    def film(frame: np.ndarray) -> np.ndarray:
        return np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8)

    steady, raw, smooth = TemporalSmoothing(), [], []
    for _ in range(20):
        raw.append(noisy())
        smooth.append(steady(film(still), raw[-1]))
    assert dtssd(smooth, [true_alpha] * 20) < 0.5 * dtssd(raw, [true_alpha] * 20)
    moved = steady(film(np.roll(still, 30, axis=1)), np.roll(true_alpha, 10, axis=1))
    np.testing.assert_allclose(moved, np.roll(true_alpha, 10, axis=1), atol=0.1)


def test_dtssd_by_hand():
    zero, one = np.zeros((2, 2)), np.ones((2, 2))
    assert dtssd([zero, one], [zero, one]) == 0
    assert dtssd([zero, zero], [zero, one]) == 100
    half = np.array([[1.0, 0], [0, 0]])
    assert dtssd([zero, half, half], [zero, zero, zero]) == pytest.approx(100 * 0.5 / 2)


def test_a_video_is_measured_with_and_without_smoothing():
    rng = np.random.default_rng(0)
    true_alpha = np.full((SIZE, SIZE), 100, np.uint8)  # soft, so that no noise is taken for haze
    true_alpha[8:24, 8:24] = 150

    def run(inputs):
        noisy = MARGIN + (1 - 2 * MARGIN) * (true_alpha / 255 + rng.normal(0, 0.1, true_alpha.shape))
        alpha = noisy[np.newaxis, np.newaxis].astype(np.float32)
        return {TRIMAP_LOGITS: np.zeros((1, 3, SIZE, SIZE), np.float32), ALPHA: alpha}

    frame = np.full((SIZE, SIZE, 3), 90, np.uint8)
    protocol = dataclasses.replace(DEFAULT, upsampling="none", mirror=False)
    matting = Matting(Engine(run, ModelInfo(size=SIZE)), protocol)
    found = measure_video([(frame, true_alpha)] * 10, matting)
    assert found["smoothed in time"]["dtssd"] < 0.5 * found["frame by frame"]["dtssd"]
    assert found["frame by frame"]["sad"] == pytest.approx(0.08 * SIZE * SIZE / 1000, rel=0.1)
