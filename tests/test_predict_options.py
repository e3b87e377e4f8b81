"""The options of predict.py that only pass a setting on: where each arrives."""

import pytest

import predict
from src.description.model_info import ModelInfo, write_model_info
from src.engines.shipped import shipped_model
from src.images.files import write_image
from src.inference.matting import SHIPPED_MODEL
from src.trimap_matting.solvers import DEFAULT_SOLVER
from tests.predicting import PHOTO

USUAL = {
    "output": None,
    "background": "transparent",
    "checkpoint": SHIPPED_MODEL,
    "engine": "auto",
    "size": None,
    "mean": None,
    "otherwise": ModelInfo(system="shm"),
    "stretch": False,
    "upsampling": "guided",
    "mirror": True,
    "estimate_foreground": True,
    "temporal": None,
    "trimap": None,
    "trimap_model": None,
    "solver": DEFAULT_SOLVER,
    "overwrite": False,
    "shard": None,
    "device": "auto",
}
USUAL_WITH_PLATE = {
    "output": None,
    "background": "transparent",
    "checkpoint": shipped_model("background_matting"),
    "system": None,
    "engine": "auto",
    "refinement": None,
    "replace_colours": True,
    "align": False,
    "match_exposure": False,
    "temporal": None,
    "overwrite": False,
    "shard": None,
    "device": "auto",
}
GIVEN = [
    ([], {}),
    (["--stretch"], {"stretch": True}),
    (["--squash"], {"stretch": True}),
    (["--refine", "none"], {"upsampling": "none"}),
    (["--mean", "1", "2", "3.5"], {"mean": [1, 2, 3.5]}),
]


def calls_of(monkeypatch, function: str) -> list[tuple]:
    """The calls of a function, named with its module, that now does nothing."""
    calls = []
    monkeypatch.setattr(function, lambda *arguments, **settings: calls.append((arguments, settings)))
    return calls


def run(monkeypatch, *words: object) -> None:
    monkeypatch.setattr("sys.argv", ["predict.py", *map(str, words)])
    assert predict.main() == 0


@pytest.mark.parametrize(("words", "settings"), GIVEN)
def test_photos_are_matted_with_the_settings_given(monkeypatch, words, settings):
    calls = calls_of(monkeypatch, "predict.predict")
    run(monkeypatch, "me.jpg", *words)
    assert calls == [((["me.jpg"],), {**USUAL, **settings})]


@pytest.mark.parametrize(("words", "settings"), GIVEN)
def test_a_camera_is_matted_with_the_same_settings(monkeypatch, words, settings):
    pytest.importorskip("av", reason="PyAV is not installed")
    calls_of(monkeypatch, "src.live.live.live")
    calls = calls_of(monkeypatch, "src.live.flags.load_matting")
    run(monkeypatch, "--camera", "0", "--preview", *words)
    names = ("engine", "device", "size", "mean", "stretch", "upsampling", "mirror", "otherwise")
    usual = {name: USUAL[name] for name in names} | {"mirror": False}
    assert calls == [((SHIPPED_MODEL,), {**usual, **settings})]


@pytest.mark.parametrize("refinement", [None, "sampling", "full", "thresholding"])
def test_plates_are_used_with_the_refinement_given(monkeypatch, refinement):
    calls = calls_of(monkeypatch, "src.prediction.predict_plates.predict_with_plates")
    words = ["--plate-refine", refinement] if refinement else []
    run(monkeypatch, "me.jpg", "--plate", "room.jpg", *words)
    assert calls == [((["me.jpg"], "room.jpg"), {**USUAL_WITH_PLATE, "refinement": refinement})]


def test_the_refinement_reaches_what_runs_the_model(tmp_path, monkeypatch):
    opened = calls_of(monkeypatch, "src.prediction.predict_plates.open_plate_engine")
    monkeypatch.setattr("src.prediction.predict_plates._matte_photos", lambda *_: 0)
    model = tmp_path / "model.ckpt"
    model.touch()
    write_model_info(model, ModelInfo(system="background_matting"))
    for name in ("me.png", "room.png"):
        write_image(tmp_path / name, PHOTO)
    words = ["--plate", tmp_path / "room.png", "--plate-refine", "full", "--checkpoint", model]
    run(monkeypatch, tmp_path / "me.png", *words, "--device", "CPU")
    settings = {"engine": "auto", "refinement": "full", "device": "CPU"}
    assert opened == [((model, "background_matting"), settings)]
