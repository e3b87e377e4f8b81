"""predict.py: every kind of photo and video in, mattes out."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms

import predict
from src.exporting import export_network
from src.image_io import read_gray, read_image, write_image
from src.load_model import load_for_inference, load_network
from src.matting import DEFAULT_MEAN, SHIPPED_MODEL, Matting, open_model, training_mean
from src.matting_report import measure_video
from src.metric import dtssd
from src.steadiness import SteadyAlpha
from tests.small_dataset import make_person

ROOT = Path(__file__).resolve().parent.parent
SIZE = 32
PHOTO, _ = make_person((1,), 50, 40)
open_once = functools.cache(open_model)  # compiling takes seconds


@pytest.fixture(scope="module")
def checkpoint(golden_checkpoint, tmp_path_factory) -> Path:
    """The golden weights, but T-Net sure of itself: alpha is 0 here and 1 there."""
    network = load_network(golden_checkpoint)
    last = network.t_net.last_conv
    last.weight.set_data(last.weight * 1000)
    path = tmp_path_factory.mktemp("weights") / "sure.ckpt"
    ms.save_checkpoint(network, str(path))
    return path


@pytest.fixture(scope="module")
def matting(checkpoint) -> Matting:
    run, size = open_once(checkpoint, SIZE)
    return Matting(run, size=size)


@pytest.fixture
def run(monkeypatch, checkpoint, capsys):
    """predict.py in this process: run(arguments) to its status and what it printed."""
    monkeypatch.setattr("src.matting.open_model", open_once)

    def command(*arguments, checkpoint=checkpoint):
        flags = ["--checkpoint", checkpoint, "--size", SIZE, "--device", "CPU"]
        monkeypatch.setattr("sys.argv", ["predict.py", *map(str, [*arguments, *flags])])
        status = predict.main()
        return status, capsys.readouterr().out.replace("\r", "\n")

    return command


def write_video(path: Path, frames: list[np.ndarray], rate: float = 12) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def read_video(path: Path) -> list[np.ndarray]:
    reader = cv2.VideoCapture(str(path))
    frames = []
    while (frame := reader.read()[1]) is not None:
        frames.append(frame)
    return frames


# Photos


def test_alpha_and_cutout_lie_beside_the_photo(tmp_path, run, matting):
    write_image(tmp_path / "me.png", PHOTO)
    status, screen = run(tmp_path / "me.png")
    assert status == 0
    assert f"{tmp_path / 'me.png'}: {tmp_path / 'me_cutout.png'}" in screen
    alpha = read_gray(tmp_path / "me_alpha.png")
    np.testing.assert_array_equal(alpha, np.round(matting(PHOTO) * 255))
    with Image.open(tmp_path / "me_cutout.png") as picture:
        cutout = np.asarray(picture)
    assert cutout.shape == (50, 40, 4)
    np.testing.assert_array_equal(cutout[..., 3], alpha)
    opaque = alpha == 255
    assert opaque.any()
    np.testing.assert_array_equal(cutout[opaque][:, 2::-1], PHOTO[opaque])


def save_every_kind(folder: Path) -> list[str]:
    """The same photo in all kinds of files; returns their names."""
    rgb = Image.fromarray(PHOTO[..., ::-1])
    gray = np.asarray(rgb.convert("L"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = Image.Exif()
    turned[0x0112] = 6
    kinds = {
        "plain.jpg": (rgb, {}),
        "plain.webp": (rgb, {}),
        "plain.tiff": (rgb, {}),
        "plain.bmp": (rgb, {}),
        "gray.png": (rgb.convert("L"), {}),
        "gray16.png": (Image.fromarray(gray.astype(np.uint16) * 257), {}),
        "gray16.tif": (Image.fromarray(gray.astype(np.uint16) * 257), {}),
        "palette.png": (rgb.convert("P"), {}),
        "rgba.png": (rgb.convert("RGBA"), {}),
        "cmyk.jpg": (rgb.convert("CMYK"), {}),
        "profile.jpg": (rgb, {"icc_profile": srgb}),
        "turned.jpg": (rgb, {"exif": turned}),
        "dot.png": (Image.new("RGB", (1, 1)), {}),
        "line.png": (Image.new("RGB", (300, 1)), {}),
        "UPPER.JPG": (rgb, {}),
    }
    folder.mkdir()
    for name, (image, options) in kinds.items():
        image.save(folder / name, **options)
    return list(kinds)


def test_every_kind_of_photo_and_bad_files_among_them(tmp_path, run):
    names = save_every_kind(tmp_path / "in")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    whole = (tmp_path / "in" / "plain.jpg").read_bytes()
    (tmp_path / "in" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "empty.png").touch()
    (tmp_path / "in" / "phone.heic").write_bytes(b"ftypheic")
    before = {path: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    status, screen = run(tmp_path / "in", "--output", tmp_path / "out")
    assert status == 3
    for name in ("broken.jpg", "cut.jpg", "empty.png"):
        assert f"left out: {tmp_path / 'in' / name}: cannot be read as an image" in screen
    assert "phone.heic: HEIC photos need one more package: pip install pillow-heif" in screen
    assert {path: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before
    for name in names:
        stem = name if name.startswith(("plain", "gray16")) else Path(name).stem
        alpha, photo = read_gray(tmp_path / "out" / f"{stem}_alpha.png"), read_image(tmp_path / "in" / name)
        assert alpha.shape == photo.shape[:2], name
    assert len(list((tmp_path / "out").iterdir())) == 2 * len(names)
    assert read_gray(tmp_path / "out" / "turned_alpha.png").shape == (40, 50)


def test_what_is_done_is_not_done_again(tmp_path, run):
    for name in ("a.png", "b.png"):
        write_image(tmp_path / name, PHOTO)
    run(tmp_path / "a.png")
    made = tmp_path / "a_alpha.png"
    write_image(made, np.zeros((2, 2), np.uint8))
    status, screen = run(tmp_path)
    assert status == 0 and "1 have their results already" in screen
    assert read_gray(made).shape == (2, 2) and (tmp_path / "b_cutout.png").exists()
    run(tmp_path, "--overwrite")
    assert read_gray(made).shape == PHOTO.shape[:2]


def test_a_background(tmp_path, run):
    write_image(tmp_path / "me.png", PHOTO)
    run(tmp_path / "me.png", "--background", "#00ff00", "--output", tmp_path / "out")
    picture, alpha = (read_image(tmp_path / "out" / f"me_{kind}.png") for kind in ("composite", "alpha"))
    clear = alpha[..., 0] == 0
    assert clear.any() and (picture[clear] == (0, 255, 0)).all()


def test_an_exported_model_gives_the_same_matte(tmp_path, run, checkpoint):
    model = export_network(load_for_inference(checkpoint), str(tmp_path / "model"), "MINDIR", SIZE)
    write_image(tmp_path / "me.png", PHOTO)
    run(tmp_path / "me.png", "--output", tmp_path / "a")
    run(
        tmp_path / "me.png", "--output", tmp_path / "b", "--size", 64, checkpoint=model
    )  # its own size counts
    one, other = (read_gray(tmp_path / name / "me_alpha.png").astype(int) for name in "ab")
    assert np.abs(one - other).max() <= 1


def test_padding_and_squashing_differ_and_refinement_is_optional(checkpoint):
    run, size = open_once(checkpoint, SIZE)
    wide = np.hstack([PHOTO, PHOTO])
    outputs = [
        Matting(run, size=size, **options)(wide)
        for options in ({}, {"squash": True}, {"refinement": "none"}, {"squash": True, "refinement": "none"})
    ]
    for output in outputs:
        assert output.shape == wide.shape[:2] and output.min() >= 0 and output.max() <= 1
    assert np.abs(outputs[0] - outputs[1]).max() > 0.05
    assert np.abs(outputs[0] - outputs[2]).max() > 0.01


def test_mistakes_are_named(tmp_path):
    write_image(tmp_path / "me.png", PHOTO)
    (tmp_path / "bad.ckpt").write_bytes(b"nothing")
    (tmp_path / "bad.mindir").write_bytes(b"nothing")

    def error(*arguments) -> str:
        result = subprocess.run(
            [sys.executable, ROOT / "predict.py", *arguments], capture_output=True, text=True, cwd=tmp_path
        )
        assert result.returncode == 1 and "Traceback" not in result.stderr
        return result.stderr.strip().splitlines()[-1]

    assert error("gone.jpg") == "error: gone.jpg: no such file or folder"
    assert "must be a multiple of 16" in error("me.png", "--size", "100")
    assert "no such image, and no colour" in error("me.png", "--background", "sky.jpg")
    assert error("me.png", "--checkpoint", "gone.ckpt") == "error: gone.ckpt: no such model"
    assert "bad.ckpt: is no checkpoint" in error("me.png", "--checkpoint", "bad.ckpt")
    assert "bad.mindir" in error("me.png", "--checkpoint", "bad.mindir")
    assert not (tmp_path / "me_alpha.png").exists()


def test_an_8k_photo_needs_less_than_4_gb(tmp_path, golden_checkpoint):
    image = cv2.resize(PHOTO, (7680, 4320), interpolation=cv2.INTER_LINEAR)
    write_image(tmp_path / "large.jpg", image)
    script = (
        "import resource, runpy, sys; sys.argv = sys.argv[1:]\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally:\n    print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    command = [
        ROOT / "predict.py",
        tmp_path / "large.jpg",
        "--checkpoint",
        golden_checkpoint,
        "--size",
        "320",
    ]
    result = subprocess.run(
        [sys.executable, "-c", script, *command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 0, result.stderr
    assert read_gray(tmp_path / "large_alpha.png").shape == (4320, 7680)
    peak = int(result.stderr.split("peak ")[1].split()[0])  # KiB
    assert peak < 4 << 20


# Videos


def moving_frames(count: int = 6) -> list[np.ndarray]:
    return [np.roll(cv2.resize(PHOTO, (48, 64)), 2 * number, axis=1) for number in range(count)]


def test_a_video_becomes_a_video(tmp_path, run):
    clip = write_video(tmp_path / "clip.mp4", moving_frames())
    status, screen = run(clip, "--background", "blue")
    assert status == 0 and "6 frames" in screen
    for kind in ("alpha", "composite"):
        frames = read_video(tmp_path / f"clip_{kind}.mp4")
        assert len(frames) == 6 and frames[0].shape == (64, 48, 3)
        assert cv2.VideoCapture(str(tmp_path / f"clip_{kind}.mp4")).get(cv2.CAP_PROP_FPS) == 12
    composite, alpha = (read_video(tmp_path / f"clip_{kind}.mp4")[2] for kind in ("composite", "alpha"))
    behind = composite[alpha[..., 0] < 3]
    assert len(behind) and behind[:, 0].mean() > 200


def test_without_a_background_a_video_gives_its_alpha(tmp_path, run):
    clip = write_video(tmp_path / "clip.avi", moving_frames(2))
    assert run(clip, "--output", tmp_path / "out")[0] == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip_alpha.mp4"]


def test_what_is_there_is_kept(tmp_path, run):
    """A true alpha of one's own, say."""
    write_image(tmp_path / "me.png", PHOTO)
    write_image(tmp_path / "me_alpha.png", np.zeros((3, 3), np.uint8))
    run(tmp_path / "me.png")
    assert read_gray(tmp_path / "me_alpha.png").shape == (3, 3)
    assert (tmp_path / "me_cutout.png").exists()


def test_a_photo_too_odd_is_left_out_and_named(tmp_path, monkeypatch, run):
    write_image(tmp_path / "a.png", PHOTO)
    write_image(tmp_path / "b.png", PHOTO[:20])

    def fails_on_tall(self, image):
        if len(image) == 50:
            raise cv2.error("too large")
        return np.zeros((SIZE, SIZE), np.float32)

    monkeypatch.setattr(Matting, "predict", fails_on_tall)
    status, screen = run(tmp_path)
    assert status == 3 and f"left out: {tmp_path / 'a.png'}: cannot be matted: too large" in screen
    assert not (tmp_path / "a_alpha.png").exists() and (tmp_path / "b_alpha.png").exists()


@pytest.mark.parametrize("size", [(65, 48), (64, 47)])
def test_a_video_of_odd_size_and_rate(tmp_path, run, size):
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"FFV1"), 119.873, size[::-1])
    for frame in moving_frames(4):
        writer.write(cv2.resize(frame, size[::-1]))
    writer.release()
    assert run(clip)[0] == 0
    even = size[0] // 2 * 2, size[1] // 2 * 2, 3
    assert [frame.shape for frame in read_video(tmp_path / "clip_alpha.mp4")] == [even] * 4


def test_the_mean_is_that_of_the_model(tmp_path):
    settings = tmp_path / "config.yaml"
    settings.write_text("mean: [104, 112, 121]")
    assert training_mean(SHIPPED_MODEL, settings) == DEFAULT_MEAN
    assert training_mean("semantic_hm_best.ckpt", settings) == (104, 112, 121)


@pytest.mark.parametrize(("frames", "readable"), [(6, 3), (12, 11)])
def test_a_video_that_ends_early_is_named(tmp_path, run, monkeypatch, frames, readable):
    clip = write_video(tmp_path / "clip.mp4", moving_frames(frames))
    left = iter([True] * readable)

    class Breaking:
        """No subclass: memory of OpenCV's own classes is lost when Python collects their subclasses."""

        def __init__(self, path):
            self._reader = reader(path)

        def __getattr__(self, name):
            return getattr(self._reader, name)

        def read(self):
            return self._reader.read() if next(left, False) else (False, None)

    reader = cv2.VideoCapture
    monkeypatch.setattr("src.matte_video.cv2.VideoCapture", Breaking)
    status, screen = run(clip)
    if frames == 6:
        assert status == 3 and "clip.mp4: is damaged: only 3 of 6 frames can be read" in screen
        assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    else:
        assert status == 0 and "clip.mp4: its last 1 of 12 frames cannot be read" in screen


def test_the_sound_is_copied(tmp_path, run, monkeypatch):
    """By ffmpeg; here a stand-in writes down what it is asked for."""
    clip = write_video(tmp_path / "clip.mp4", moving_frames(3))
    ffmpeg = tmp_path / "bin" / "ffmpeg"
    ffmpeg.parent.mkdir()
    copies = f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\nfor last; do :; done\ncp "$5" "$last"\n'
    ffmpeg.write_text(copies)
    ffmpeg.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ffmpeg.parent}:{os.environ['PATH']}")
    assert run(clip, "--background", "red", "--output", tmp_path / "out")[0] == 0
    assert f"-i {clip} -map 0:v -map 1:a? -c copy" in (tmp_path / "asked").read_text()
    assert len(read_video(tmp_path / "out" / "clip_composite.mp4")) == 3
    ffmpeg.write_text("#!/bin/sh\necho no such stream >&2; exit 1\n")
    status, screen = run(clip, "--background", "red", "--output", tmp_path / "out", "--overwrite")
    assert status == 0 and "its sound could not be copied: no such stream" in screen
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["clip_alpha.mp4", "clip_composite.mp4"]


def test_a_damaged_video_is_named(tmp_path, run):
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    status, screen = run(tmp_path / "clip.mp4")
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

    steady, raw, smooth = SteadyAlpha(), [], []
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
    true_alpha = np.zeros((SIZE, SIZE), np.uint8)
    true_alpha[8:24, 8:24] = 255

    def run(inputs: np.ndarray) -> list[np.ndarray]:
        noisy = true_alpha / 255 + rng.normal(0, 0.1, true_alpha.shape)
        return [None, noisy[np.newaxis, np.newaxis].astype(np.float32)]

    frame = np.full((SIZE, SIZE, 3), 90, np.uint8)
    matting = Matting(run, size=SIZE, refinement="none")
    found = measure_video([(frame, true_alpha)] * 10, matting)
    assert found["smoothed in time"]["dtssd"] < 0.5 * found["frame by frame"]["dtssd"]
    assert found["frame by frame"]["sad"] == pytest.approx(0.04 * SIZE * SIZE / 1000, rel=0.1)
