"""The C++ runner with plates: the same alphas and foregrounds as in Python, from photos, files and pipes."""

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import predict
import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.engines.plate_engine import open_plate_engine
from src.images.files import read_gray, write_image
from src.plates.matting import PlateMatting
from tests.python_program import write_python
from tests.runner import CANNOT_LOAD, ROOT, SKIPPED, call_runner, error_lines, run_bash
from tests.test_plate_engines import SYSTEM, export, in_floats, pictures, save_thin_model
from tests.test_runner_photos import files_of, reads_photos  # noqa: F401

HEIGHT, WIDTH = 64, 96
SIZES = {"same": (HEIGHT, WIDTH), "small": (41, 50), "large": (2 * HEIGHT, 2 * WIDTH - 6)}

pytestmark = pytest.mark.usefixtures("runner")


@pytest.fixture(scope="module")
def plate_folder(tmp_path_factory) -> Path:
    """A thin checkpoint, model.ckpt, and beside it its export for the runner."""
    folder = tmp_path_factory.mktemp("plates")
    with pytest.MonkeyPatch.context() as patch:
        save_thin_model(patch, folder)
        export(folder, ".", "MINDIR", f"{WIDTH}x{HEIGHT}", refinement="full", mindir_version=1)
        yield folder


@pytest.fixture
def model(plate_folder) -> Path:
    return plate_folder / f"model_{WIDTH}x{HEIGHT}.mindir"


def scene(name: str) -> dict[str, np.ndarray]:
    photo, plate = pictures(*SIZES[name])
    alpha = np.uint8(255) * (np.abs(photo.astype(int) - plate).max(axis=2) > 9)
    return {"image": photo, "plate": plate, "alpha": alpha, "foreground": photo}


def write_scenes(folder: Path) -> None:
    for name in SIZES:
        for kind, picture in scene(name).items():
            write_image(folder / "test" / kind / f"{name}.png", picture)


def test_the_engine_computes_what_the_checkpoint_does(plate_folder):
    """It finds the export beside the checkpoint; photo and plate are not mistaken for each other."""
    lite = open_plate_engine(plate_folder / "model.ckpt", SYSTEM, engine="lite")
    exact = open_plate_engine(plate_folder / "model.ckpt", SYSTEM, engine="mindspore", refinement="full")
    photo, plate = map(in_floats, pictures(HEIGHT, WIDTH))
    expected = exact.run(photo, plate)
    for found, wanted in zip(lite.run(photo, plate), expected, strict=True):
        assert np.ptp(wanted) > 0.01
        np.testing.assert_allclose(found, wanted, atol=1e-4)
    assert np.abs(exact.run(plate, photo)[0] - expected[0]).max() > 2e-3


def test_a_checkpoint_without_export_for_the_runner(plate_folder, tmp_path):
    for name in ("model.ckpt", "model.ckpt.yaml"):
        (tmp_path / name).write_bytes((plate_folder / name).read_bytes())
    with pytest.raises(UserError, match=r"model\.ckpt: engine lite .*\.mindir .*export\.mindir_version=1"):
        open_plate_engine(tmp_path / "model.ckpt", SYSTEM, engine="lite")


def test_photos_have_the_mattes_of_predict(reads_photos, model, tmp_path, monkeypatch):  # noqa: F811
    """Photos of the export's size, smaller, and larger, whose mattes are enlarged."""
    write_scenes(tmp_path)
    photos, plates = tmp_path / "test" / "image", tmp_path / "test" / "plate"
    write_image(photos / "alone.png", scene("same")["image"])
    write_image(photos / "turned.png", scene("same")["image"])
    write_image(plates / "turned.png", cv2.rotate(scene("same")["plate"], cv2.ROTATE_90_CLOCKWISE))
    write_image(photos / "elsewhere.png", scene("same")["image"])
    write_image(plates / "elsewhere.png", 255 - scene("same")["plate"])
    write_image(photos / "dark.png", scene("same")["image"] // 2 + 60)
    write_image(plates / "dark.png", ((scene("same")["plate"] // 2 + 60) * 0.75).astype(np.uint8))
    common = "--model", model, "--photos", photos
    result = call_runner(*common, "--plates", plates, "--mattes", tmp_path / "cc")
    assert (result.returncode, error_lines(result)) == (SKIPPED, ["error: 2 files were skipped"])
    told = {
        "alone.png": "holds no plate",
        "dark.png": "25% darker",
        "turned.png": "is turned",
        "elsewhere.png": "another place",
    }
    for name, words in {**told, "large.png": "smaller copy"}.items():
        assert len([line for line in result.stdout.splitlines() if name in line and words in line]) == 1
    arguments = photos, "--plate", plates, "--checkpoint", model, "--engine", "lite", "--output"
    monkeypatch.setattr(sys, "argv", ["predict.py", *map(str, [*arguments, tmp_path / "python"])])
    assert predict.main() == SKIPPED
    names = ["dark_alpha.png", "elsewhere_alpha.png", *(f"{name}_alpha.png" for name in SIZES)]
    assert files_of(tmp_path / "cc") == sorted(names)
    for name in names:
        found, wanted = (read_gray(tmp_path / way / name).astype(int) for way in ("cc", "python"))
        np.testing.assert_allclose(found, wanted, atol=1, err_msg=name)
        assert np.ptp(found) > 2


def test_one_plate_for_all_is_no_photo_itself(reads_photos, model, tmp_path):  # noqa: F811
    for name, picture in scene("same").items():
        write_image(tmp_path / "in" / f"{name}.png", picture)
    options = "--plates", tmp_path / "in" / "plate.png", "--mattes", tmp_path / "out"
    result = call_runner("--model", model, "--photos", tmp_path / "in", *options)
    assert (result.returncode, error_lines(result)) == (0, [])
    assert files_of(tmp_path / "out") == [f"{name}_alpha.png" for name in ("alpha", "foreground", "image")]


def test_networks_that_take_plates_and_those_that_do_not(reads_photos, model, thin_lowered, tmp_path):  # noqa: F811
    write_scenes(tmp_path)
    photos, plates = tmp_path / "test" / "image", tmp_path / "test" / "plate"
    common = "--photos", photos, "--mattes", tmp_path / "out"
    for command in (("--model", model), ("--model", thin_lowered, "--plates", plates)):
        result = call_runner(*command, *common)
        assert result.returncode == CANNOT_LOAD
        assert "--plates" in error_lines(result)[-1]
    result = call_runner("--model", model, *common, "--plates", tmp_path / "absent")
    assert result.returncode == 1
    assert f"{tmp_path / 'absent'}: no such plate" in error_lines(result)[-1]


def test_the_script_measures_what_the_checkpoint_does(plate_folder, model, tmp_path):
    write_scenes(tmp_path)
    damaged = tmp_path / "test" / "plate" / "small.png"
    damaged.write_bytes(b"damaged")
    write_python(tmp_path / "bin" / "python3")
    arguments = [model, "CPU", "--yaml_path", ROOT / "configs" / "background_matting.yaml"]
    arguments += ["--set", f"test.test_pic_path={tmp_path}", "--output", tmp_path / "out"]
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    result = run_bash(ROOT / "scripts" / "run_infer_cpp.sh", *arguments, PATH=path)
    assert result.returncode == SKIPPED, result.stdout + result.stderr
    assert "small.png" in result.stdout
    log = (tmp_path / "out" / "acc.log").read_text().splitlines()
    assert log[-1].startswith("Total images: 2, total sad: ")
    outputs = (
        np.fromfile(tmp_path / "out" / "result_Files" / f"matting_0001_same_{number}.bin", np.float32)
        for number in (0, 1)
    )
    exact = open_plate_engine(plate_folder / "model.ckpt", SYSTEM, engine="mindspore", refinement="full")
    photo, plate, true = (scene("same")[kind] for kind in ("image", "plate", "alpha"))
    for found, wanted in zip(outputs, exact.run(in_floats(photo), in_floats(plate)), strict=True):
        np.testing.assert_allclose(found.reshape(wanted.shape), wanted, atol=1e-4)
    alpha, _ = PlateMatting(exact).predict(photo, plate)
    expected = np.abs(alpha - true / 255).sum() / 1000
    (line,) = [line for line in log if line.startswith("same.png sad: ")]
    assert float(line.split()[-1]) == pytest.approx(expected, abs=1e-3)
