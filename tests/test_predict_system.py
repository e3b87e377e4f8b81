"""predict.py --system: which model it takes, and models of another system."""

import shutil
from pathlib import Path

import pytest

import predict
from src.common.errors import UserError
from src.description.model_info import ModelInfo, info_path, write_model_info
from src.engines import shipped
from src.inference.matting import SHIPPED_MODEL
from tests.small_clips import frame, write
from tests.thin_video_model import SIZE, save_thin_video_model

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def video_model(tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        yield save_thin_video_model(patch, tmp_path_factory.mktemp("model"))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Matte a photo with flags; returns alpha's path."""
    photo = write(tmp_path / "photo.png", frame(3))

    def run(*flags: object) -> Path:
        monkeypatch.setattr("sys.argv", ["predict.py", *map(str, [photo, "--device", "CPU", *flags])])
        assert predict.main() == 0
        return tmp_path / "photo_alpha.png"

    return run


def test_it_takes_the_model_of_that_system_that_is_shipped(run, video_model, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path / "pretrained")
    (tmp_path / "pretrained").mkdir()
    for suffix in (".ckpt", ".ckpt.yaml", ".onnx"):
        shutil.copy(video_model.with_suffix(suffix), tmp_path / "pretrained" / f"modnet_video{suffix}")
    chosen = run("--system", "modnet_video").read_bytes()
    assert chosen == run("--checkpoint", video_model, "--overwrite").read_bytes()
    assert chosen != run("--overwrite").read_bytes()


def test_a_system_without_a_shipped_model_is_named(run, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
    with pytest.raises(UserError, match=r"modnet\.ckpt: no model of system modnet .*--checkpoint"):
        run("--system", "modnet")


@pytest.mark.parametrize("suffix", [".ckpt", ".onnx"])
def test_a_model_of_another_system_is_named(run, video_model, suffix):
    path = video_model.with_suffix(suffix)
    with pytest.raises(UserError, match="is a model of system modnet_video, not shm") as caught:
        run("--system", "shm", "--checkpoint", path)
    assert str(path) in str(caught.value) and "--system" in str(caught.value)
    run("--system", "modnet_video", "--checkpoint", path)


def test_of_a_model_without_description_the_flag_says_the_system(run, video_model, tmp_path):
    bare = tmp_path / "bare.ckpt"
    shutil.copy(video_model, bare)
    flags = ["--checkpoint", bare, "--engine", "mindspore", "--size", SIZE]
    made = run("--system", "modnet_video", *flags).read_bytes()
    write_model_info(bare, ModelInfo(system="modnet_video", size=64))
    assert made == run(*flags, "--overwrite").read_bytes()
    info_path(bare).unlink()
    with pytest.raises(UserError, match="is a model of system modnet, not modnet_video"):
        run("--system", "modnet_video", "--yaml_path", ROOT / "configs" / "modnet.yaml", *flags)


def test_shm_is_the_model_taken_without_the_flag(run, monkeypatch):
    taken = []

    def load(checkpoint: Path, **settings: object) -> None:
        taken.append(checkpoint)
        raise UserError("seen")

    monkeypatch.setattr("src.prediction.predict.load_matting", load)
    for flags in ([], ["--system", "shm"]):
        with pytest.raises(UserError, match="seen"):
            run(*flags)
    assert taken == [SHIPPED_MODEL] * 2
