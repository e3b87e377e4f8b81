"""predict.py: videos in, videos out, and how steady they are."""

import dataclasses
import re

import av
import cv2
import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.description.model_info import ModelInfo
from src.engines.engine import ALPHA, TRIMAP_LOGITS, Engine
from src.evaluation.video import measure_video
from src.inference.contrast_stretch import MARGIN
from src.inference.matting import Matting
from src.inference.protocol import DEFAULT
from src.metric import dtssd
from src.streams.stream import Stream
from src.streams.temporal_smoothing import TemporalSmoothing
from src.videos.reader import VideoReader
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


def test_a_video_of_varying_rate_keeps_each_frames_time(tmp_path, run_predict):
    """Ten frames at 10 a second, then ten at 2 a second."""
    times = [*range(0, 1000, 100), *range(1000, 6000, 500)]
    clip = write_timed_video(tmp_path / "clip.mkv", moving_frames(20), times)
    status, screen = run_predict(clip)
    assert status == 0 and "20 frames" in screen and "can be read" not in screen
    with VideoReader(tmp_path / "clip_alpha.mp4") as made:
        found = list(made.frames())
    assert [float(frame.time) for frame in found] == pytest.approx([each / 1000 for each in times], abs=0.01)
    with VideoReader(clip) as given:
        last = list(given.frames())[-1]
    assert found[-1].duration == pytest.approx(last.duration, abs=0.01)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.95, 0)])
def test_a_video_that_ends_early_is_named_and_what_there_is_kept(tmp_path, run_predict, share, expected):
    clip = write_timed_video(tmp_path / "clip.mkv", moving_frames(40), range(0, 1600, 40))
    whole = clip.read_bytes()
    clip.write_bytes(whole[: int(share * len(whole))])
    with VideoReader(clip) as given:
        readable = sum(1 for _ in given.frames())
    assert 0 < readable < 40
    status, screen = run_predict(clip)
    assert status == expected
    said = int(re.search(rf"clip.mkv: of about (\d+) frames .*, {readable} can be read", screen)[1])
    assert said == pytest.approx(40, abs=2)
    assert len(read_video(tmp_path / "clip_alpha.mp4")) == readable


def test_a_frame_damaged_in_the_middle_does_not_end_the_video(tmp_path, run_predict):
    clip = write_timed_video(tmp_path / "clip.mp4", moving_frames(12), range(0, 480, 40))
    with av.open(str(clip)) as file:
        damaged = list(file.demux(video=0))[3]
    content = bytearray(clip.read_bytes())
    content[damaged.pos : damaged.pos + damaged.size] = bytes(damaged.size)
    clip.write_bytes(content)
    status, screen = run_predict(clip)
    assert status == 0 and "of about 12 frames that it says it has, 11 can be read" in screen
    with VideoReader(tmp_path / "clip_alpha.mp4") as made:
        times = [float(frame.time) for frame in made.frames()]
    assert times == pytest.approx([0.04 * number for number in range(12) if number != 3], abs=0.001)


def test_a_video_that_fails_does_not_stop_the_next(tmp_path, run_predict, monkeypatch):
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, moving_frames(2), rate=12 if name == "b.mp4" else 24)
    predict_alpha, failures = Stream.predict, iter([True])

    def fails_once(self, image, time):
        if next(failures, False):
            raise cv2.error("too odd")
        return predict_alpha(self, image, time)

    monkeypatch.setattr(Stream, "predict", fails_once)
    status, screen = run_predict(tmp_path)
    assert status == 3 and f"left out: {tmp_path / 'a.mp4'}: cannot be matted: too odd" in screen
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "b_alpha.mp4"]


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


def test_a_video_is_measured_with_each_way_to_make_it_steady():
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
    assert found["smoothed in time"]["dtssd"] < found["one-frame delay"]["dtssd"]
    assert found["one-frame delay"]["dtssd"] < 0.9 * found["frame by frame"]["dtssd"]
    assert found["frame by frame"]["sad"] == pytest.approx(0.08 * SIZE * SIZE / 1000, rel=0.1)
    taller = np.full((SIZE + 2, SIZE, 3), 90, np.uint8)
    with pytest.raises(UserError, match="frame 1: is not of the size"):
        measure_video([(frame, true_alpha), (taller, taller[..., 0])], matting)


def test_a_video_is_measured_scene_by_scene():
    """A model without error: no way puts the person of one scene into another."""
    full, empty = np.full((SIZE, SIZE), 150, np.uint8), np.full((SIZE, SIZE), 60, np.uint8)
    true_alphas = [full, full, empty, full, full]
    frames = []
    for true_alpha in true_alphas:  # one half looks the same in both scenes
        frame = np.full((SIZE, SIZE, 3), 90, np.uint8)
        frame[:, SIZE // 2 :] = 20 if true_alpha is full else 235
        frames.append(frame)
    given = iter(true_alphas)

    def run(inputs):
        alpha = (MARGIN + (1 - 2 * MARGIN) * next(given) / 255)[np.newaxis, np.newaxis].astype(np.float32)
        return {TRIMAP_LOGITS: np.zeros((1, 3, SIZE, SIZE), np.float32), ALPHA: alpha}

    protocol = dataclasses.replace(DEFAULT, upsampling="none", mirror=False, looks_closer=False)
    matting = Matting(Engine(run, ModelInfo(size=SIZE)), protocol)
    found = measure_video(zip(frames, true_alphas, strict=True), matting)
    assert all(values["mad"] < 1 for values in found.values()), found
