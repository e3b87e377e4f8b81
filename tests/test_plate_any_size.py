"""One ONNX file of Background Matting V2 for photos of any size."""

import sys
from pathlib import Path

import numpy as np
import pytest

import predict
import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.config import load_config
from src.deployment import export as exporting
from src.deployment.plate_export import export_for_plates
from src.deployment.plate_files import form_of_model
from src.description.plate_form import ANY_SIZE
from src.engines.embedded_info import find_model_info
from src.engines.plate_engine import ExportedPlates, open_plate_engine
from src.engines.plate_interface import PlateEngine
from src.images.files import read_gray, write_image
from tests.test_plate_engines import CONFIG, SYSTEM, in_floats, pictures, save_thin_model

# Their copies have scales of 0.5, 0.48 and 0.25, and even and odd sides.
SIZES = ((4, 8), (64, 64), (52, 72), (268, 480), (480, 268), (100, 1000), (128, 1920), (604, 916))


def export(folder: Path, **more: str) -> list[Path]:
    settings = {
        "ckpt_file": folder / "model.ckpt",
        "file_name": folder / "model",
        "file_format": "ONNX",
        "sizes": "[any]",
        "device_target": "CPU",
        **more,
    }
    return export_for_plates(
        load_config(CONFIG, [f"export.{key}={value}" for key, value in settings.items()])
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A thin checkpoint, model.ckpt, and model.onnx beside it, which the export has checked."""
    folder = tmp_path_factory.mktemp("plates")
    with pytest.MonkeyPatch.context() as patch:
        save_thin_model(patch, folder)
        assert export(folder) == [folder / "model.onnx"]
        yield folder


@pytest.fixture(scope="module")
def engines(folder) -> tuple[PlateEngine, PlateEngine]:
    """The checkpoint, and what `predict.py` takes by default."""
    by_default = open_plate_engine(folder / "model.ckpt", SYSTEM, device="CPU")
    assert isinstance(by_default, ExportedPlates)
    return (
        open_plate_engine(folder / "model.ckpt", SYSTEM, engine="mindspore", refinement="full", device="CPU"),
        by_default,
    )


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size[::-1]))
def test_photos_of_any_size_come_out_as_of_the_checkpoint(engines, size):
    inputs = tuple(map(in_floats, pictures(*size)))
    expected, found = (engine.run(*inputs) for engine in engines)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert size == (4, 8) or all(np.ptp(each) > 0.01 for each in expected)


def test_the_room_is_that_of_the_checkpoint(engines):
    for size in ((1, 1), (479, 641), (1080, 1920), (2160, 3840)):
        assert engines[0].room(*size) == engines[1].room(*size)


def test_large_photos_keep_no_memory(folder, monkeypatch):
    kept = []
    monkeypatch.setattr(
        "src.engines.plate_engine.load_onnx",
        lambda path, keeps_memory: kept.append(keeps_memory) or (lambda photo, plate: (photo[:, :1], plate)),
    )
    engine = open_plate_engine(folder / "model.onnx", SYSTEM)
    for size in ((480, 640), (2160, 3840), (64, 64), (2160, 3840)):
        photo = np.broadcast_to(np.float32(0), (1, 3, *size))
        engine.run(photo, photo)
    assert kept == [True, False]


def test_predict_mattes_photos_at_their_own_size(folder, tmp_path, monkeypatch, capsys, engines):
    photo, plate = pictures(66, 90)
    write_image(tmp_path / "photo.png", photo)
    write_image(tmp_path / "plate.png", plate)
    arguments = ["--plate", tmp_path / "plate.png", "--checkpoint", folder / "model.ckpt", "--device", "CPU"]
    monkeypatch.setattr(sys, "argv", ["predict.py", *map(str, [tmp_path / "photo.png", *arguments])])
    assert predict.main() == 0
    assert "smaller copy" not in capsys.readouterr().out
    padded = [np.pad(each, ((0, 2), (0, 2), (0, 0)), "edge") for each in (photo, plate)]
    alpha, _ = engines[0].run(*map(in_floats, padded))
    found = read_gray(tmp_path / "photo_alpha.png")
    assert found.shape == (66, 90)
    assert np.abs(found - alpha[0, 0, :66, :90] * 255).max() <= 0.55


def test_its_description_says_that_it_takes_any_size(folder):
    path = folder / "model.onnx"
    assert find_model_info(path).plate_form == ANY_SIZE
    with pytest.raises(UserError, match=r"model\.onnx: takes photos of any size"):
        form_of_model(str(path))


def test_a_file_that_computes_something_else_is_refused(folder, tmp_path, monkeypatch):
    for suffix in ("ckpt", "ckpt.yaml"):
        (tmp_path / f"model.{suffix}").write_bytes((folder / f"model.{suffix}").read_bytes())
    monkeypatch.setattr(exporting, "CHECKED", exporting.CHECKED[:1])
    monkeypatch.setattr("src.deployment.onnx_any_size.COPY_SIDE", 200)
    with pytest.raises(UserError, match=r"model\.onnx: differs from the network"):
        export(tmp_path)
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize(
    "setting", [{"file_format": "MINDIR"}, {"refinement": "sampling"}, {"backbone_scale": "0.25"}]
)
def test_what_files_for_any_size_cannot_have(tmp_path, setting):
    with pytest.raises(UserError, match=rf"export\.sizes = \[any\] needs export\.{next(iter(setting))}"):
        export(tmp_path, **setting)
