"""predict.py: every kind of photo in, mattes out."""

import dataclasses
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
import predict
from src.common.atomic_file import TEMPORARY_PREFIX
from src.common.command_line import run_command
from src.config import load_config
from src.deployment.export import export_network
from src.description.model_info import ModelInfo, write_model_info
from src.engines.embedded_info import model_info_of
from src.engines.engine import ALPHA, INPUT, TRIMAP_LOGITS, Engine
from src.images.files import read_gray, read_image, read_photo, write_image
from src.inference.background import Background
from src.inference.cutout import CutoutMaker
from src.inference.matting import SHIPPED_MODEL, Matting, load_matting
from src.inference.protocol import DEFAULT
from src.load_model import load_for_inference
from src.prediction.job import Job
from src.prediction.photos import matte_photos
from tests import left_half
from tests.predicting import PHOTO, SIZE, open_once
from tests.thin_network import make_networks_thin

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def matting(sure_checkpoint) -> Matting:
    """What `run_predict` mattes with."""
    with pytest.MonkeyPatch.context() as patch:
        make_networks_thin(patch)
        patch.setattr("src.engines.engine._open_checkpoint", open_once)
        return load_matting(sure_checkpoint, size=SIZE, device="CPU")


def test_alpha_and_cutout_lie_beside_the_photo(tmp_path, run_predict, matting):
    write_image(tmp_path / "me.png", PHOTO)
    status, screen = run_predict(tmp_path / "me.png")
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


def test_every_kind_of_photo_and_bad_files_among_them(tmp_path, run_predict, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as on a machine without it
    names = save_every_kind(tmp_path / "in")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    whole = (tmp_path / "in" / "plain.jpg").read_bytes()
    (tmp_path / "in" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "empty.png").touch()
    (tmp_path / "in" / "phone.heic").write_bytes(b"ftypheic")
    before = {path: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    status, screen = run_predict(tmp_path / "in", "--output", tmp_path / "out")
    assert status == 3
    for name in ("broken.jpg", "cut.jpg", "empty.png"):
        assert f"left out: {tmp_path / 'in' / name}: cannot be read as an image" in screen
    assert "phone.heic: " in screen and "pip install pillow-heif" in screen
    assert {path: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before
    for name in names:
        stem = name if name.startswith(("plain", "gray16")) else Path(name).stem
        alpha, photo = read_gray(tmp_path / "out" / f"{stem}_alpha.png"), read_image(tmp_path / "in" / name)
        assert alpha.shape == photo.shape[:2], name
    assert len(list((tmp_path / "out").iterdir())) == 2 * len(names)
    assert read_gray(tmp_path / "out" / "turned_alpha.png").shape == (40, 50)


def test_what_a_killed_run_left_beside_the_photo_is_removed(tmp_path, run_predict):
    write_image(tmp_path / "p.jpg", PHOTO)
    (tmp_path / f"{TEMPORARY_PREFIX}a1b2c3d4.png").write_bytes(b"half a matte")
    assert run_predict(str(tmp_path))[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"p.jpg", "p_alpha.png", "p_cutout.png"}


def test_what_is_done_is_not_done_again(tmp_path, run_predict):
    for name in ("a.png", "b.png"):
        write_image(tmp_path / name, PHOTO)
    run_predict(tmp_path / "a.png")
    made = tmp_path / "a_alpha.png"
    write_image(made, np.zeros((2, 2), np.uint8))
    status, screen = run_predict(tmp_path)
    assert status == 0 and "1 have their results already" in screen
    assert read_gray(made).shape == (2, 2) and (tmp_path / "b_cutout.png").exists()
    run_predict(tmp_path, "--overwrite")
    assert read_gray(made).shape == PHOTO.shape[:2]


def test_a_background(tmp_path, run_predict):
    write_image(tmp_path / "me.png", PHOTO)
    run_predict(tmp_path / "me.png", "--background", "#00ff00", "--output", tmp_path / "out")
    picture, alpha = (read_image(tmp_path / "out" / f"me_{kind}.png") for kind in ("composite", "alpha"))
    clear = alpha[..., 0] == 0
    assert clear.any() and (picture[clear] == (0, 255, 0)).all()


def test_an_exported_model_gives_the_same_matte(tmp_path, run_predict, thin_checkpoint):
    model = export_network(
        load_for_inference(thin_checkpoint), str(tmp_path / "model"), "MINDIR", ModelInfo(size=SIZE)
    )
    write_image(tmp_path / "me.png", PHOTO)
    run_predict(tmp_path / "me.png", "--output", tmp_path / "a", checkpoint=thin_checkpoint)
    run_predict(
        tmp_path / "me.png", "--output", tmp_path / "b", "--size", 64, checkpoint=model
    )  # its own size counts
    one, other = (read_gray(tmp_path / name / "me_alpha.png").astype(int) for name in "ab")
    assert np.abs(one - other).max() <= 1 and np.ptp(one) > 20


def test_the_mirror_image_is_shown_as_well():
    seen = []

    def run(inputs):
        seen.append(inputs[INPUT][0])
        alpha = np.linspace(0.2, 0.6, SIZE, dtype=np.float32) * np.ones((1, 1, SIZE, 1), np.float32)
        return {TRIMAP_LOGITS: np.zeros((1, 3, SIZE, SIZE), np.float32), ALPHA: alpha}

    photo = PHOTO[:40]
    engine = Engine(run, ModelInfo(size=SIZE))
    protocols = (dataclasses.replace(DEFAULT, mirror=mirror, looks_closer=False) for mirror in (False, True))
    once, twice = (Matting(engine, protocol).predict(photo).alpha for protocol in protocols)
    assert len(seen) == 1 + 2
    np.testing.assert_array_equal(seen[2], seen[1][..., ::-1])
    np.testing.assert_allclose(twice, (once + once[:, ::-1]) / 2, atol=1e-6)
    assert np.ptp(once) > 0.4 and np.ptp(twice) < 1e-5


def test_letterbox_and_stretch_differ_and_the_guided_filter_is_optional(matting):
    wide = np.hstack([PHOTO, PHOTO])
    outputs = [
        Matting(matting.engine, dataclasses.replace(DEFAULT, stretch=stretch, upsampling=upsampling))(wide)
        for stretch in (False, True)
        for upsampling in ("guided", "none")
    ]
    for output in outputs:
        assert output.shape == wide.shape[:2] and output.min() >= 0 and output.max() <= 1
    letterboxed, bicubic, stretched, _ = outputs
    assert np.abs(letterboxed - stretched).max() > 0.05
    assert np.abs(letterboxed - bicubic).max() > 0.01


def test_mistakes_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_image(tmp_path / "me.png", PHOTO)
    (tmp_path / "bad.ckpt").write_bytes(b"nothing")
    (tmp_path / "bad.mindir").write_bytes(b"nothing")

    def error(*arguments) -> str:
        monkeypatch.setattr("sys.argv", ["predict.py", *arguments])
        with pytest.raises(SystemExit) as caught:
            run_command(predict.main)
        printed = capsys.readouterr().err
        assert caught.value.code == 1 and "Traceback" not in printed
        return printed.strip().splitlines()[-1]

    assert error("gone.jpg") == "error: gone.jpg: no such file or folder"
    assert "must be a multiple of 16" in error("me.png", "--size", "100")
    assert "neither an image file nor a colour" in error("me.png", "--background", "sky.jpg")
    assert error("me.png", "--checkpoint", "gone.ckpt") == "error: gone.ckpt: no such model"
    assert "bad.ckpt: is no checkpoint" in error("me.png", "--checkpoint", "bad.ckpt")
    assert "bad.mindir" in error("me.png", "--checkpoint", "bad.mindir")
    assert not (tmp_path / "me_alpha.png").exists()


def run_and_finally(statement: str, *arguments: str | Path) -> subprocess.CompletedProcess:
    """predict.py in a process of its own, which at its end runs a statement with `sys`."""
    script = (
        "import runpy, sys; sys.argv = sys.argv[1:]\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        f"finally:\n    {statement}"
    )
    return subprocess.run(
        [sys.executable, "-c", script, ROOT / "predict.py", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_an_8k_photo_needs_less_than_2_gb(tmp_path):
    image = cv2.resize(PHOTO, (7680, 4320), interpolation=cv2.INTER_LINEAR)
    write_image(tmp_path / "large.jpg", image)
    # Not ru_maxrss, which begins with the size of the process that started this one.
    status = "print(open('/proc/self/status').read(), file=sys.stderr)"
    result = run_and_finally(status, tmp_path / "large.jpg")
    assert result.returncode == 0, result.stderr
    assert read_gray(tmp_path / "large_alpha.png").shape == (4320, 7680)
    peak = int(result.stderr.split("VmHWM:")[1].split()[0])  # KiB
    assert peak < 2 << 20


def test_few_photos_are_in_memory(tmp_path, monkeypatch):
    """However many there are: those that are read, matted and written meanwhile, in order."""
    read = []
    monkeypatch.setattr(
        "src.prediction.photos.read_photo", lambda path: read.append(path) or read_photo(path)
    )
    write_image(tmp_path / "me.png", PHOTO)
    jobs = (Job(tmp_path / "me.png", tmp_path / f"{number:03d}") for number in range(30))
    most = 0
    cutouts = CutoutMaker(left_half.model(), Background("white"))
    for number, outcome in enumerate(matte_photos(jobs, cutouts, overwrite=False)):
        assert outcome.job.target.name == f"{number:03d}" and not outcome.problem
        most = max(most, len(read) - number)
    assert len(read) == 30 and most <= 9


def test_what_a_photo_does_not_need_is_not_imported(tmp_path):
    write_image(tmp_path / "me.png", PHOTO)
    run = run_and_finally("print(*sys.modules)", tmp_path / "me.png", "--fast")
    assert run.returncode == 0, run.stderr
    modules = run.stdout.splitlines()[-1].split()
    assert {"onnxruntime", "cv2"} <= set(modules)
    assert {"src.config", "pydantic", "tqdm", "av", "mindspore", "scipy", "matplotlib"}.isdisjoint(modules)


def test_what_is_there_is_kept(tmp_path, run_predict):
    """A true alpha of one's own, say."""
    write_image(tmp_path / "me.png", PHOTO)
    write_image(tmp_path / "me_alpha.png", np.zeros((3, 3), np.uint8))
    run_predict(tmp_path / "me.png")
    assert read_gray(tmp_path / "me_alpha.png").shape == (3, 3)
    assert (tmp_path / "me_cutout.png").exists()


def test_a_photo_too_odd_is_left_out_and_named(tmp_path, monkeypatch, run_predict):
    write_image(tmp_path / "a.png", PHOTO)
    write_image(tmp_path / "b.png", PHOTO[:20])

    def fails_on_tall(self, image):
        if len(image) == 50:
            raise cv2.error("too large")

    empty = np.zeros((SIZE, SIZE), np.float32)
    monkeypatch.setattr(Matting, "run", fails_on_tall)
    monkeypatch.setattr(Matting, "alpha", lambda *_: empty)
    status, screen = run_predict(tmp_path)
    assert status == 3 and f"left out: {tmp_path / 'a.png'}: cannot be matted: too large" in screen
    assert not (tmp_path / "a_alpha.png").exists() and (tmp_path / "b_alpha.png").exists()


def test_the_mean_is_that_of_the_model(tmp_path):
    settings = tmp_path / "config.yaml"
    settings.write_text("mean: [104, 112, 121]")
    otherwise = load_config(settings).model_info()
    older, newer = tmp_path / "older.ckpt", tmp_path / "newer.ckpt"
    write_model_info(newer, ModelInfo(size=64, mean=(1, 2, 3)))
    assert model_info_of(SHIPPED_MODEL, otherwise=otherwise).mean == (114, 121, 134)
    assert model_info_of(older, otherwise=otherwise) == ModelInfo(size=320, mean=(104, 112, 121))
    assert model_info_of(newer, otherwise=otherwise) == ModelInfo(size=64, mean=(1, 2, 3))
    assert model_info_of(newer, size=32, otherwise=otherwise).size == 32


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (PHOTO / 255, r"float64 \(50, 40, 3\)"),
        (PHOTO[..., 0], r"uint8 \(50, 40\)"),
        (np.dstack([PHOTO, PHOTO[..., 0]]), r"uint8 \(50, 40, 4\)"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_photo_is_refused(matting, image, found):
    with pytest.raises(ValueError, match=rf"image must be BGR \(H, W, 3\) uint8, .*, not {found}"):
        matting(image)
