"""A trained PSPNet: exported, in the C++ runner, and as the trimap of predict.py and id_photo.py."""

from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor

import id_photo
from export import export
from src.common.errors import UserError
from src.config import PspnetConfig
from src.images.files import read_gray, write_image
from src.images.letterbox import letterbox, letterbox_place
from src.images.preprocessing import normalise
from src.inference.matting import load_matting
from src.inference.trimap_network import load_trimap_network
from src.load_model import load_network
from src.model.pspnet.network import PSPNet
from src.model.weights import save_parameters
from src.systems.model_info import ModelInfo, write_model_info
from tests.golden_weights import load_golden_weights, random_image
from tests.runner import read_output, run_runner, write_input
from tests.thin_network import make_pspnet_thin

SIZE = 64
MEAN = (114, 121, 134)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """Of a thin PSPNet; the tests of this file take thin ones."""
    with pytest.MonkeyPatch.context() as patch:
        make_pspnet_thin(patch)
        network, path = PSPNet(), tmp_path_factory.mktemp("pspnet") / "pspnet.ckpt"
        load_golden_weights(network)
        save_parameters(network, path)
        write_model_info(path, ModelInfo(system="pspnet", size=SIZE))
        yield path


@pytest.fixture(scope="module")
def exported(checkpoint) -> dict[str, Path]:
    """Its exported files by format; the MINDIR in version 1."""
    return {name: export(settings(checkpoint, name)) for name in ("MINDIR", "ONNX")}


def settings(checkpoint: Path, file_format: str) -> PspnetConfig:
    values = {"ckpt_file": str(checkpoint), "file_name": str(checkpoint.with_suffix(""))}
    values |= {"file_format": file_format, "mindir_version": "1", "device_target": "CPU"}
    return PspnetConfig.model_validate({"system": "pspnet", "export": values})


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (50, 80, 3), np.uint8)


def test_the_runner_computes_the_same(runner, checkpoint, exported, tmp_path):
    image = random_image(1, 3, SIZE, SIZE)
    write_input(tmp_path / "in", "x", image)
    result = run_runner(exported["MINDIR"], tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    expected = load_network(checkpoint, "pspnet")(Tensor(image)).asnumpy()
    assert expected.std() > 0.05
    found = read_output(tmp_path / "out", "x_0", expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_exported_model_gives_the_probabilities_of_a_photo(checkpoint, exported, photo):
    """Without the letterbox's bars."""
    image = normalise(letterbox(photo, SIZE, MEAN), MEAN)[np.newaxis]
    logits = load_network(checkpoint, "pspnet")(Tensor(image)).asnumpy()[0].astype(np.float64)
    place = letterbox_place(*photo.shape[:2], SIZE)
    odds = np.exp(np.stack([place.cut(each) for each in logits]))
    found = load_trimap_network(exported["ONNX"])(photo)
    assert found.shape == (3, 40, SIZE)
    np.testing.assert_allclose(found, odds / odds.sum(0), atol=1e-5)


def test_predict_takes_its_trimap(exported, photo, predict_left, tmp_path, monkeypatch):
    """The stand-in for the other network has the person on the left; this one calls the upper half so."""
    write_image(tmp_path / "me.png", photo)
    upper = np.zeros((3, 40, SIZE), np.float32)
    upper[1, :20] = upper[0, 20:] = 1
    monkeypatch.setattr("src.inference.matting.MattingSteps.class_probabilities", lambda *_: upper)
    status, _ = predict_left(tmp_path / "me.png", "--trimap", "auto", "--trimap_model", exported["ONNX"])
    assert status == 0
    alpha = read_gray(tmp_path / "me_alpha.png")
    assert (alpha[:20] == 255).all() and not alpha[30:].any()


def test_what_cannot_be_meant_is_refused(checkpoint, exported, photo, predict_left, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=f"{exported['ONNX']}: .*pspnet.* no alpha.*--trimap_model"):
        load_matting(exported["ONNX"])
    info = ModelInfo(system="modnet", size=SIZE)
    monkeypatch.setattr("src.inference.embedded_info.find_model_info", lambda path: info)
    monkeypatch.setattr("src.inference.exported.size_of_inputs", lambda *_: SIZE)
    with pytest.raises(UserError, match=f"{exported['ONNX']}: .*modnet.* no trimaps"):
        load_trimap_network(exported["ONNX"])
    write_image(tmp_path / "me.png", photo)
    arguments = [tmp_path / "me.png", "--trimap_model", checkpoint]
    with pytest.raises(UserError, match=f"{checkpoint}: not with --trimap tnet"):
        predict_left(*arguments, "--trimap", "tnet")
    with pytest.raises(SystemExit):
        predict_left(*arguments)
    monkeypatch.setattr("sys.argv", ["id_photo.py", *map(str, arguments), "--trimap", "tnet"])
    with pytest.raises(UserError, match=f"{checkpoint}: not with --trimap tnet"):
        id_photo.main()
