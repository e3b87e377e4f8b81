"""A trained PSPNet: onnx_file, in the C++ runner, and as the trimap of predict.py and id_photo.py."""

from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor

import id_photo
import predict
from export import export
from src.common.errors import UserError
from src.config import PspnetConfig
from src.deployment.export import export_network
from src.description.model_info import ModelInfo, write_model_info
from src.engines.embedded_info import find_model_info
from src.images.files import read_gray, write_image
from src.images.letterbox import letterbox, letterbox_place
from src.images.preprocessing import normalise
from src.inference.matting import load_matting
from src.inference.trimap_network import load_trimap_network
from src.load_model import load_network
from src.model.pspnet.network import PSPNet
from src.model.weights import save_parameters
from tests import left_half
from tests.golden_weights import load_golden_weights, random_image
from tests.runner import read_output, run_runner, write_input
from tests.thin_network import make_pspnet_thin

SIZE = 64
INFO = ModelInfo(system="pspnet", size=SIZE)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """Of a thin PSPNet; the tests of this file take thin ones."""
    with pytest.MonkeyPatch.context() as patch:
        make_pspnet_thin(patch)
        network, path = PSPNet(), tmp_path_factory.mktemp("pspnet") / "pspnet.ckpt"
        load_golden_weights(network)
        save_parameters(network, path)
        write_model_info(path, INFO)
        yield path


@pytest.fixture(scope="module")
def onnx_file(checkpoint) -> Path:
    network = load_network(checkpoint, "pspnet")
    return export_network(network, str(checkpoint.with_suffix("")), "ONNX", INFO)


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (50, 80, 3), np.uint8)


def test_export_writes_what_the_runner_computes(runner, checkpoint, tmp_path):
    settings = {"ckpt_file": str(checkpoint), "file_name": str(tmp_path / "pspnet")}
    settings |= {"mindir_version": "1", "device_target": "CPU"}
    path = export(PspnetConfig.model_validate({"system": "pspnet", "export": settings}))
    assert find_model_info(path) == INFO
    image = random_image(1, 3, SIZE, SIZE)
    write_input(tmp_path / "in", "x", image)
    result = run_runner(path, tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    expected = load_network(checkpoint, "pspnet")(Tensor(image)).asnumpy()
    assert expected.std() > 0.05
    found = read_output(tmp_path / "out", "x_0", expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_exported_model_gives_the_probabilities_of_a_photo(checkpoint, onnx_file, photo):
    """Without the letterbox's bars."""
    image = normalise(letterbox(photo, SIZE, INFO.mean), INFO.mean)[np.newaxis]
    logits = load_network(checkpoint, "pspnet")(Tensor(image)).asnumpy()[0].astype(np.float64)
    place = letterbox_place(*photo.shape[:2], SIZE)
    odds = np.exp(np.stack([place.cut(each) for each in logits]))
    found = load_trimap_network(onnx_file)(photo)
    assert found.shape == (3, 40, SIZE)
    np.testing.assert_allclose(found, odds / odds.sum(0), atol=1e-5)


def test_predict_takes_its_trimap(onnx_file, photo, predict_left, tmp_path, monkeypatch):
    """The stand-in for the other network has the person on the left; this one calls the upper half so."""
    write_image(tmp_path / "me.png", photo)
    upper = np.zeros((3, 40, SIZE), np.float32)
    upper[1, :20] = upper[0, 20:] = 1
    monkeypatch.setattr("src.inference.matting.MattingSteps.class_probabilities", lambda *_: upper)
    status, _ = predict_left(tmp_path / "me.png", "--trimap", "auto", "--trimap_model", onnx_file)
    assert status == 0
    alpha = read_gray(tmp_path / "me_alpha.png")
    assert (alpha[:20] == 255).all() and not alpha[30:].any()


def test_id_photo_takes_its_trimap(onnx_file, photo, monkeypatch):
    """A picture of the left half's alpha, solved from classes that call all of it the person."""
    given = []
    monkeypatch.setattr(id_photo, "load_matting", lambda *_, **__: left_half.model())
    monkeypatch.setattr(
        id_photo, "make_id_photos", lambda *arguments: given.append(arguments[2]().from_trimaps)
    )
    monkeypatch.setattr("sys.argv", ["id_photo.py", "me.png", "--trimap_model", str(onnx_file)])
    assert id_photo.main() == 0
    everywhere = np.zeros((3, 40, SIZE), np.float32)
    everywhere[1] = 1
    monkeypatch.setattr("src.inference.matting.MattingSteps.class_probabilities", lambda *_: everywhere)
    (solve,) = given
    solution = solve(Path("me.png"), photo, left_half.model().run(photo))
    assert (solution.alpha == 1).all() and "no background" in solution.remark


def test_what_cannot_be_meant_is_refused(
    checkpoint, onnx_file, photo, predict_left, tmp_path, monkeypatch, capsys
):
    with pytest.raises(UserError, match=f"{onnx_file}: .*pspnet.* no alpha.*--trimap_model"):
        load_matting(onnx_file)
    info = ModelInfo(system="modnet", size=SIZE)
    monkeypatch.setattr("src.engines.embedded_info.find_model_info", lambda path: info)
    monkeypatch.setattr("src.engines.exported.size_of_inputs", lambda *_: SIZE)
    with pytest.raises(UserError, match=f"{onnx_file}: .*modnet.* no trimaps"):
        load_trimap_network(onnx_file)
    write_image(tmp_path / "me.png", photo)
    arguments = [tmp_path / "me.png", "--trimap_model", checkpoint]
    with pytest.raises(UserError, match=f"{checkpoint}: not with --trimap tnet"):
        predict_left(*arguments, "--trimap", "tnet")
    monkeypatch.setattr("sys.argv", ["predict.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        predict.main()
    assert stop.value.code == 2 and "--trimap_model needs --trimap" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["id_photo.py", *map(str, arguments), "--trimap", "tnet"])
    with pytest.raises(UserError, match=f"{checkpoint}: not with --trimap tnet"):
        id_photo.main()
