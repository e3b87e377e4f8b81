"""Metrics of videos, and the ways to make alpha steady, also against values of published code."""

import itertools
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from src.metric import connectivity_error, dtssd, gradient_error, mad, mse
from src.streams.one_frame_delay import delay_one_frame
from src.streams.stream import Stream
from src.streams.temporal import steadied
from src.streams.temporal_smoothing import TemporalSmoothing
from tests.golden_weights import GOLDEN_FOLDER
from tests.videos import read_video, write_video

GOLDEN = GOLDEN_FOLDER / "modnet" / "video.npz"
needs_golden = pytest.mark.skipif(not GOLDEN.exists(), reason="needs ../shared/golden/modnet/video.npz")


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN) as file:
        return {name: file[name] for name in file}


def as_alphas(frames: np.ndarray) -> np.ndarray:
    return frames.astype(np.float32) / 255


@needs_golden
@pytest.mark.parametrize(
    ("name", "metric", "unit"),
    [("mad", mad, 1000), ("mse", mse, 1000), ("grad", gradient_error, 1), ("conn", connectivity_error, 1)],
)
def test_metrics_of_frames_are_those_of_rvm(golden, name, metric, unit):
    pairs = zip(as_alphas(golden["pred"]), as_alphas(golden["true"]), strict=True)
    found = [unit * metric(pred, true) for pred, true in pairs]
    np.testing.assert_allclose(found, golden[name], rtol=2e-6)


@needs_golden
def test_dtssd_is_that_of_rvm_but_for_its_first_frame(golden):
    """RVM counts 0 for it: 7.260 instead of 8.712."""
    pred, true = as_alphas(golden["pred"]), as_alphas(golden["true"])
    pairs = itertools.pairwise(range(len(pred)))
    found = [dtssd(pred[list(pair)], true[list(pair)]) for pair in pairs]
    np.testing.assert_allclose(found, golden["dtssd"][1:], rtol=1e-6)
    assert golden["dtssd"][0] == 0
    assert dtssd(pred, true) == pytest.approx(8.712, abs=5e-4)
    assert 5 / 6 * dtssd(pred, true) == pytest.approx(golden["dtssd"].mean(), rel=1e-6)
    assert golden["dtssd"].mean() == pytest.approx(7.260, abs=5e-4)


@needs_golden
def test_one_frame_delay_is_that_of_the_golden_file(golden):
    pred, true = as_alphas(golden["pred"]), as_alphas(golden["true"])
    numbers, found = zip(*delay_one_frame(enumerate(pred)), strict=True)
    assert numbers == tuple(range(6))
    np.testing.assert_array_equal(found, golden["ofd"])
    errors = [dtssd(found[k : k + 2], true[k : k + 2]) for k in range(5)]
    np.testing.assert_allclose(errors, golden["ofd_dtssd"], rtol=1e-6)


def test_one_frame_delay_takes_the_mean_of_given_alphas_where_one_frame_jumps():
    """Of each pixel in turn: a jump, a change that stays, two jumps in a row, and one as small as 0.1."""
    given = np.float32([[0.2, 0, 0, 0], [0.8, 0, 1, 0.09], [0.26, 1, 0, 0], [0.9, 1, 1, 0], [0.3, 1, 0, 0]])
    expected = given.copy()
    expected[:, 0] = 0.2, 0.23, 0.85, 0.28, 0.3
    expected[:, 2] = 0, 0, 1, 0, 0
    found = [alpha for _, alpha in delay_one_frame(enumerate(given[:, np.newaxis]))]
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-7)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_frame_delay_of_few_frames_changes_nothing(count):
    given = [(number, np.full((2, 2), number, np.float32)) for number in range(count)]
    found = list(delay_one_frame(given))
    assert [item for item, _ in found] == list(range(count))
    assert all(alpha is other for (_, alpha), (_, other) in zip(found, given, strict=True))


def test_one_frame_delay_gives_a_frame_as_soon_as_the_next_has_come():
    taken = []

    def frames():
        for number in range(5):
            taken.append(number)
            yield number, np.zeros((1, 1), np.float32)

    steady = delay_one_frame(frames())
    for number in range(4):
        assert next(steady)[0] == number and taken[-1] == number + 1
    assert next(steady)[0] == 4 and next(steady, None) is None


class Picture(NamedTuple):
    image: np.ndarray


@pytest.mark.parametrize("way", ["smoothing", "ofd"])
def test_alphas_may_be_of_different_sizes(way):
    """After a closer look, a frame's alpha is finer."""
    sizes, values = (8, 16, 12, 8), (0.2, 0.2, 0.8, 0.2)
    alphas = [np.full((size, size + 2), value, np.float32) for size, value in zip(sizes, values, strict=True)]
    still = Picture(np.zeros((24, 30, 3), np.uint8))
    steady = [alpha for _, alpha in steadied(way, [(still, alpha) for alpha in alphas])]
    assert [each.shape for each in steady] == [each.shape for each in alphas]
    assert all(np.ptp(each) < 1e-6 for each in steady)
    np.testing.assert_allclose(steady[0], 0.2, atol=1e-6)
    assert steady[2].max() < 0.4  # a jump in a single frame, of which at most a fifth is left


def test_the_ways_are_those_they_are_named_for():
    rng = np.random.default_rng(0)
    frames = [(Picture(np.full((16, 16, 3), 90, np.uint8)), rng.random((4, 4), np.float32)) for _ in range(6)]
    smooth = TemporalSmoothing()
    expected = {
        "none": [alpha for _, alpha in frames],
        "smoothing": [smooth(frame.image, alpha) for frame, alpha in frames],
        "ofd": [alpha for _, alpha in delay_one_frame(frames)],
    }
    for way, alphas in expected.items():
        np.testing.assert_array_equal([alpha for _, alpha in steadied(way, frames)], alphas)


@pytest.mark.parametrize(("way", "seen"), [("none", 255), ("ofd", 0), (None, 51)])
def test_predict_steadies_alpha_as_asked_for(tmp_path, predict_left, monkeypatch, way, seen):
    """Of still frames, one in the middle is taken for a person altogether; smoothing keeps a fifth of it."""
    clip = write_video(tmp_path / "clip.mp4", [np.full((64, 64, 3), 90, np.uint8)] * 5)
    predict, frames = Stream.predict, itertools.count()

    def jumps(self, image, time):
        alpha = predict(self, image, time)
        return np.ones_like(alpha) if next(frames) == 2 else alpha

    monkeypatch.setattr(Stream, "predict", jumps)
    status, screen = predict_left(clip, *(["--temporal", way] if way else []))
    assert status == 0 and "5 frames" in screen
    made = read_video(tmp_path / "clip_alpha.mp4")
    assert len(made) == 5
    right = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)[:, 40:].mean() for frame in made]
    assert right[2] == pytest.approx(seen, abs=6) and right[1] == pytest.approx(0, abs=6)
