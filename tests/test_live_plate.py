"""A camera with a plate: a photo, or the empty place of its first seconds."""

import sys
from pathlib import Path

import numpy as np
import pytest

import predict
import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.description.model_info import ModelInfo, write_model_info
from src.engines.plate_engine import open_plate_engine
from src.images.files import write_image
from src.live import flags
from src.live.with_plate import live_with_plate
from src.plates.matting import PlateMatting
from src.plates.preparation import PlatePreparation
from tests.test_plate_engines import SYSTEM, export, save_thin_model
from tests.test_plate_video import EMPTY, PERSON, RATE, SIZE, Difference, frames, place
from tests.videos import write_video


@pytest.fixture
def shown(monkeypatch) -> list[np.ndarray]:
    """The pictures that the preview was given, camera and composite, (H, 2 W, 3)."""
    given = []
    monkeypatch.setattr("src.live.preview.Preview.show", lambda self, picture: given.append(picture))
    return given


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, shown):
    """predict.py with a video for a camera, and `Difference` for a model, to what it said."""
    model = tmp_path / "model.ckpt"
    model.touch()
    write_model_info(model, ModelInfo(system=SYSTEM))
    monkeypatch.setattr(flags, "open_plate_engine", lambda *_, **__: Difference())
    clip = write_video(tmp_path / "clip.mp4", frames(), RATE)

    def call(*arguments):
        command = ["--camera", clip, "--checkpoint", model, "--preview", 0, "--background", "blue"]
        monkeypatch.setattr(sys, "argv", ["predict.py", *map(str, [*command, *arguments])])
        assert predict.main() == 0
        return capsys.readouterr().out

    return call


def inner(picture: np.ndarray) -> np.ndarray:
    """Where the person is in a mirrored frame, without the rim."""
    rows, columns = PERSON
    return picture[rows.start + 3 : rows.stop - 3, ::-1][:, columns.start + 3 : columns.stop - 3]


@pytest.mark.parametrize("plate", ["first:2s", "room.png"])
def test_somebody_is_cut_out_of_the_pictures_of_a_camera(run, shown, tmp_path, plate):
    if plate != "first:2s":
        plate = tmp_path / plate
        write_image(plate, place())
    said = run("--plate", plate, "--temporal", "none")
    assert "another place" not in said and "frames shown" in said and "resets" not in said
    assert ("the plate is taken" in said) == (plate == "first:2s")
    camera, composite = np.hsplit(shown[-1], 2)
    assert inner(camera)[..., 2].min() > 200  # red
    assert inner(composite)[..., 2].min() > 200
    assert composite[:10, :, 0].min() > 200 and composite[:10, :, 2].max() < 50  # blue
    _, before = np.hsplit(shown[0], 2)
    assert before[..., 0].min() > 200  # nobody
    assert len(shown) > EMPTY / 2


def test_the_square_in_the_middle_has_a_square_plate(run, shown, tmp_path):
    write_image(tmp_path / "room.png", place())
    assert "another place" not in run("--plate", tmp_path / "room.png", "--view", "square")
    side = min(SIZE)
    assert shown[-1].shape == (side, 2 * side, 3)
    assert shown[-1][:10, side:, 0].min() > 200


def test_an_exported_model_mattes_as_it_does_photos(tmp_path, monkeypatch, shown):
    save_thin_model(monkeypatch, tmp_path)
    (path,) = export(tmp_path, ".", "ONNX", "72x52", refinement="full")
    matting = PlateMatting(open_plate_engine(path, SYSTEM))
    clip = write_video(tmp_path / "clip.mp4", frames()[-5:], RATE)
    plate = np.ascontiguousarray(place()[:, ::-1])
    write_image(tmp_path / "room.png", place())
    report = live_with_plate(
        str(clip),
        PlatePreparation(matting),
        str(tmp_path / "room.png"),
        background="black",
        temporal="none",
        port=0,
    )
    assert report.shown == len(shown) > 0
    assert report.milliseconds()["network"] > 0
    camera, composite = np.hsplit(shown[-1], 2)
    alpha, foreground = matting.predict(np.ascontiguousarray(camera), plate)
    np.testing.assert_allclose(composite, alpha[..., np.newaxis] * foreground, atol=1.5)
    assert np.ptp(composite) > 2


def test_a_plate_that_a_camera_cannot_have(run, tmp_path):
    write_image(tmp_path / "room.png", place()[:, :48])
    with pytest.raises(UserError, match=r"room\.png: the plate is 48x48, but the photo is 64x48"):
        run("--plate", tmp_path / "room.png")
    with pytest.raises(UserError, match=str(tmp_path)):
        run("--plate", Path(tmp_path))
