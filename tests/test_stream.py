"""A model for videos is given its own alpha of the frame before: by both engines, in files and live."""

import re

import cv2
import numpy as np
import pytest

import predict
from src.description.model_info import ModelInfo
from src.engines.engine import ALPHA, Engine
from src.images.letterbox import letterbox, letterbox_place
from src.inference.contrast_stretch import stretch_contrast
from src.inference.matting import Matting, load_matting
from src.inference.protocol import PUBLISHED
from src.inference.small_components import remove_small_components
from src.live.live import live
from src.streams.stream import Stream
from tests.thin_video_model import SIZE, export_thin_mindir, save_thin_video_model, thin_alpha
from tests.videos import read_video, write_video


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        saved = save_thin_video_model(patch, tmp_path_factory.mktemp("model"))
        export_thin_mindir(saved)
        yield saved


def scene(seed: int, height: int = 40, width: int = 64) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 80, (4, 6, 3)) + 170 * (seed % 2)
    return cv2.resize(coarse.astype(np.uint8), (width, height))


# A pan, a cut, and a pan of the other scene.
FRAMES = [np.roll(scene(seed), shift, axis=1) for seed in (0, 1) for shift in range(3)]


def cleaned_up(alpha: np.ndarray) -> np.ndarray:
    return remove_small_components(stretch_contrast(alpha))


def alphas_by_hand(frames: list[np.ndarray], empty: tuple[int, ...]) -> list[np.ndarray]:
    """The network's alphas (S, S) of letterboxed frames; before those of these numbers, there is none."""
    alphas = []
    for number, frame in enumerate(frames):
        square = letterbox(frame, SIZE, (127.5,) * 3)
        previous = np.zeros((SIZE, SIZE), np.float32) if number in empty else alphas[-1]
        alphas.append(thin_alpha(square[..., ::-1], previous))
    return alphas


@pytest.mark.parametrize("engine", ["mindspore", "onnx", "lite"])
@pytest.mark.parametrize("mirror", [False, True])
def test_the_networks_alpha_is_the_next_frames_previous_one(checkpoint, engine, mirror, request):
    """As it comes from the network, bars included; for the mirror image mirrored."""
    if engine == "lite":
        request.getfixturevalue("runner")
    stream = Stream(load_matting(checkpoint, engine=engine, device="CPU", mirror=mirror))
    found = [stream.predict(frame, number / 25) for number, frame in enumerate(FRAMES)]
    place = letterbox_place(*FRAMES[0].shape[:2], SIZE)
    by_hand = alphas_by_hand(FRAMES, (0, 3))
    assert np.abs(by_hand[1] - alphas_by_hand(FRAMES, (0, 1, 3))[1]).max() > 0.1  # the state matters
    for alpha, expected in zip(found, by_hand, strict=True):
        assert alpha.shape == place[2:]
        np.testing.assert_allclose(alpha, cleaned_up(place.cut(expected)), atol=1e-5)
    assert stream.state.resets == {"first frame": 1, "cut": 1}


def test_a_photo_has_no_frame_before(checkpoint):
    matting = load_matting(checkpoint, engine="onnx", mirror=False)
    first = [matting.predict(FRAMES[0]).alpha for _ in range(2)]
    np.testing.assert_array_equal(*first)
    np.testing.assert_allclose(
        first[0],
        cleaned_up(letterbox_place(40, 64, SIZE).cut(alphas_by_hand(FRAMES, (0,))[0])),
        atol=1e-5,
    )


def remembering(previous: list[np.ndarray], alphas: list[np.ndarray]) -> Matting:
    """A stand-in that writes down what it is given and what it gives: noise, another one each time."""
    rng = np.random.default_rng(0)

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        previous.append(inputs["previous"][0, 0].copy())
        alphas.append(rng.random((SIZE, SIZE), np.float32))
        return {ALPHA: alphas[-1][np.newaxis, np.newaxis]}

    return Matting(Engine(run, ModelInfo(system="modnet_video", size=SIZE)), PUBLISHED)


@pytest.mark.parametrize("way", ["none", "smoothing", "ofd"])
def test_steadying_does_not_reach_the_network(tmp_path, monkeypatch, capsys, way):
    """Whatever is done to alpha afterwards, and a gap empties it: the video stands still for a second."""
    previous, alphas = [], []
    model = remembering(previous, alphas)
    monkeypatch.setattr("src.prediction.predict.load_matting", lambda *_, **__: model)
    clip = write_video(tmp_path / "clip.mp4", [FRAMES[0]] * 3, rate=1.5)
    monkeypatch.setattr("sys.argv", ["predict.py", str(clip), "--temporal", way])
    assert predict.main() == 0
    assert [each.any() for each in previous] == [False] * 3
    assert re.search(r"3 frames, 2 resets \(gap 2\)$", capsys.readouterr().out, re.MULTILINE)
    previous.clear()
    alphas.clear()
    clip = write_video(tmp_path / "clip.mp4", FRAMES, rate=25)
    monkeypatch.setattr("sys.argv", ["predict.py", str(clip), "--temporal", way, "--overwrite"])
    assert predict.main() == 0
    for number, given in enumerate(previous):
        np.testing.assert_array_equal(given, alphas[number - 1] if number not in (0, 3) else 0 * given)
    assert "6 frames, 1 resets (cut 1)" in capsys.readouterr().out


def test_predict_mattes_a_video_with_the_exported_model(checkpoint, tmp_path, monkeypatch, capsys):
    """Grey frames, whose alpha settles; after the cut it begins anew. Nothing smooths it unless asked to."""
    frames = [np.full((SIZE, SIZE, 3), grey, np.uint8) for grey in [60] * 4 + [235] * 4]
    clip = write_video(tmp_path / "clip.mp4", frames)
    settled = [float(stretch_contrast(alpha).mean()) for alpha in alphas_by_hand(frames, (0, 4))]
    assert settled[3] - settled[0] > 0.1 and settled[7] - settled[4] > 0.2

    def run(*flags: str) -> list[float]:
        given = ["--checkpoint", checkpoint.with_suffix(".onnx"), "--overwrite", *flags]
        monkeypatch.setattr("sys.argv", ["predict.py", str(clip), *map(str, given)])
        assert predict.main() == 0 and "8 frames, 1 resets (cut 1)" in capsys.readouterr().out
        return [frame.mean() / 255 for frame in read_video(tmp_path / "clip_alpha.mp4")]

    np.testing.assert_allclose(run(), settled, atol=0.05)
    smoothed = run("--temporal", "smoothing")
    np.testing.assert_allclose([smoothed[0], smoothed[4]], [settled[0], settled[4]], atol=0.05)
    assert smoothed[1] < settled[1] - 0.06 and smoothed[5] < settled[5] - 0.06


def test_live_matting_gives_the_alpha_of_the_frame_matted_before(tmp_path):
    previous, alphas = [], []
    path = write_video(tmp_path / "clip.mp4", [FRAMES[0]] * 6, 25)
    report = live(
        str(path), remembering(previous, alphas), background="blue", estimate_foreground=False, port=0
    )
    assert report.resets == {"first frame": 1} and report.shown > 1
    assert (
        not previous[0].any() and not previous[1].any()
    )  # before the camera opens, the network is warmed up
    for given, before in zip(previous[2:], alphas[1:-1], strict=True):
        np.testing.assert_array_equal(given, before)
