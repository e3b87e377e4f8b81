"""predict.py: photos that have alpha, odd names, and what one file does to the others."""

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import predict
from src.common.command_line import run_command
from src.common.errors import UserError
from src.images.files import PLAIN, read_gray, write_image
from src.inference.matting import load_matting
from src.prediction.shard import Shard, parse_shard
from tests.predicting import PHOTO, SIZE, open_once

HEIGHT, WIDTH = PHOTO.shape[:2]
_distance = np.hypot(*(np.indices((HEIGHT, WIDTH)) - np.array([[[HEIGHT / 2]], [[WIDTH / 2]]])))
OWN_ALPHA = np.clip((16 - _distance) * 40, 0, 255).astype(np.uint8)  # a disc with a soft rim
HIDDEN = np.where(OWN_ALPHA[..., np.newaxis] > 0, PHOTO, np.uint8([7, 199, 31]))  # the background removed


def read_rgba(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("foreground", ["estimate", "none"])
def test_the_alpha_of_a_photo_is_the_most_that_comes_of_it(
    tmp_path, run_predict, sure_checkpoint, foreground
):
    write_image(tmp_path / "p.png", np.dstack([HIDDEN, OWN_ALPHA]))
    assert run_predict(tmp_path / "p.png", "--foreground", foreground)[0] == 0
    alpha, cutout = read_gray(tmp_path / "p_alpha.png"), read_rgba(tmp_path / "p_cutout.png")
    weight = OWN_ALPHA[..., np.newaxis] / 255
    seen = np.round(weight * HIDDEN + (1 - weight) * PLAIN).astype(np.uint8)
    of_network = np.round(load_matting(sure_checkpoint, size=SIZE)(seen) * 255)
    assert (of_network > OWN_ALPHA).any()
    assert np.abs(alpha - np.minimum(of_network, OWN_ALPHA)).max() <= 1
    np.testing.assert_array_equal(cutout[..., 3], alpha)
    assert (alpha > 0).any() and (cutout[alpha == 0] == 0).all()
    opaque = alpha == 255
    np.testing.assert_array_equal(cutout[opaque][:, 2::-1], PHOTO[opaque])
    if foreground == "none":
        soft = alpha > 0
        np.testing.assert_array_equal(cutout[soft][:, 2::-1], PHOTO[soft])


def test_a_hidden_background_changes_nothing(tmp_path, run_predict):
    for name, image in (("a", HIDDEN), ("b", np.where(OWN_ALPHA[..., np.newaxis] > 0, PHOTO, np.uint8(0)))):
        write_image(tmp_path / f"{name}.png", np.dstack([image, OWN_ALPHA]))
    for background in ("transparent", "white", "blur"):
        run_predict(tmp_path / "a.png", tmp_path / "b.png", "--background", background)
    for kind in ("alpha", "cutout", "composite"):
        one, other = (read_rgba(tmp_path / f"{name}_{kind}.png") for name in "ab")
        np.testing.assert_array_equal(one, other)


def test_opaque_alpha_is_none(tmp_path, run_predict):
    write_image(tmp_path / "a.png", PHOTO)
    write_image(tmp_path / "b.png", np.dstack([PHOTO, np.full_like(OWN_ALPHA, 255)]))
    run_predict(tmp_path)
    for kind in ("alpha", "cutout"):
        one, other = (read_rgba(tmp_path / f"{name}_{kind}.png") for name in "ab")
        np.testing.assert_array_equal(one, other)


def test_one_file_never_stops_the_others(tmp_path, run_predict):
    folder = tmp_path / "in"
    names = ["a.jpg", "a.png", "a.jpg.png", f"{'x' * 250}.jpg", "zero.jpg", "q.jfif", "w.gif"]
    folder.mkdir()
    for name in names:
        Image.fromarray(PHOTO[..., ::-1]).save(folder / name)
    (folder / "zero.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("no photo")
    os.mkfifo(folder / "pipe.jpg")
    (tmp_path / "far").mkdir()
    (folder / "w.gif").rename(tmp_path / "far" / "w.gif")
    (folder / "link").symlink_to(tmp_path / "far")
    status, screen = run_predict(folder)
    assert status == 3
    left_out = {line for line in screen.splitlines() if line.startswith("left out: ")}
    assert len(left_out) == 5
    for name in ("a.jpg.png", names[3], "zero.jpg", "notes.txt", "pipe.jpg"):
        assert any(line.startswith(f"left out: {folder / name}: ") for line in left_out), name
    made = {str(path.relative_to(folder)) for path in folder.rglob("*_cutout.png")}
    assert made == {"a.jpg_cutout.png", "a.png_cutout.png", "q_cutout.png"}
    assert (tmp_path / "far" / "w_cutout.png").exists()


def test_the_first_picture_of_several_is_said(tmp_path, run_predict):
    pictures = [Image.fromarray(PHOTO[..., ::-1]), Image.new("RGB", (40, 50))]
    pictures[0].save(tmp_path / "pages.tif", save_all=True, append_images=pictures[1:])
    status, screen = run_predict(tmp_path / "pages.tif")
    assert status == 0
    assert f"{tmp_path / 'pages.tif'}: holds 2 pictures; the first is taken" in screen.splitlines()


def test_photos_of_any_shape(tmp_path, run_predict):
    """Also longer than the sides that OpenCV takes."""
    shapes = [(1, 1), (1, 40000), (40000, 1), (4, 40000), (40000, 4), (2, 70000)]
    for height, width in shapes:
        write_image(tmp_path / f"{height}x{width}.png", np.full((height, width, 3), 90, np.uint8))
    assert run_predict(tmp_path)[0] == 0
    for shape in shapes:
        name = "x".join(map(str, shape))
        assert read_gray(tmp_path / f"{name}_alpha.png").shape == shape
        assert read_rgba(tmp_path / f"{name}_cutout.png").shape == (*shape, 4)


def test_results_of_one_output_are_not_matted_into_another(tmp_path, run_predict):
    write_image(tmp_path / "p" / "a.png", PHOTO)
    for number, results in enumerate((0, 2, 4)):
        _, screen = run_predict(tmp_path / "p", "--output", tmp_path / "p" / f"m{number}")
        assert len(list((tmp_path / "p" / f"m{number}").iterdir())) == 2
        assert ("are results of earlier runs" in screen) == bool(results)
        assert f"{results} are results" in screen or not results


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_names_that_are_no_text_are_matted_and_shown_escaped(
    tmp_path, thin, sure_checkpoint, monkeypatch, encoding
):
    names = [b"a\xe9.jpg", "b\N{CJK UNIFIED IDEOGRAPH-7167}.jpg".encode(), b"c\xff\n.jpg", b"broken\xe9.jpg"]
    write_image(tmp_path / "p.jpg", PHOTO)
    for name in names:
        content = b"" if name.startswith(b"broken") else (tmp_path / "p.jpg").read_bytes()
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(content)
    screen = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict")

    flags = ["--checkpoint", sure_checkpoint, "--size", SIZE, "--device", "CPU"]
    monkeypatch.setattr("src.engines.engine._open_checkpoint", open_once)
    monkeypatch.setattr("sys.argv", ["predict.py", *map(str, flags), str(tmp_path)])
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr("src.common.command_line.signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as caught:
        run_command(predict.main)
    assert caught.value.code == 3
    screen.flush()
    shown = screen.buffer.getvalue().decode(encoding)
    assert "a\\xe9_cutout.png" in shown and "left out" in shown and "broken\\xe9.jpg" in shown
    assert ("\\u7167" in shown) == (encoding != "utf-8")
    for stem in (b"a\xe9", "b\N{CJK UNIFIED IDEOGRAPH-7167}".encode(), b"c\xff\n", b"p"):
        assert Path(tmp_path, os.fsdecode(stem + b"_alpha.png")).exists()


def test_shards_share_the_work(tmp_path, run_predict):
    for number in range(4):
        write_image(tmp_path / "photos" / f"{number}.png", PHOTO)
    made = []
    for number in (1, 2):
        status, _ = run_predict(
            tmp_path / "photos", "--output", tmp_path / str(number), "--shard", f"{number}/2"
        )
        assert status == 0
        made += [path.name for path in (tmp_path / str(number)).glob("*_alpha.png")]
    assert sorted(made) == [f"{number}_alpha.png" for number in range(4)]  # every photo once


def test_shards_are_about_equal():
    paths = [Path("photos", f"{number}.jpg") for number in range(4000)]
    sizes = [sum(Shard(number, 4).holds(path) for path in paths) for number in (1, 2, 3, 4)]
    assert sum(sizes) == 4000 and min(sizes) > 900


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_shard_that_is_none(shard):
    with pytest.raises(UserError, match=f"--shard {shard}"):
        parse_shard(shard)
