"""Exported MODNet: frames go in as they come, alphas come out, as the original computes them."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn

from src.deployment import export
from src.inference.embedded_info import find_model_info
from src.inference.matting import Matting, load_matting
from src.model.modnet.frame import FrameMatteWithPrevious
from src.model.modnet.network import MODNet
from src.model.weights import save_parameters
from src.systems.model_info import ModelInfo, write_model_info
from tests import modnet_golden
from tests.modnet_golden import TOLERANCE, needs_golden_files

SIZE = (128, 160)


@pytest.fixture
def golden_size(monkeypatch) -> None:
    """The golden frames are no squares."""
    inputs = {"frame": np.zeros((1, *SIZE, 3), np.uint8), "previous": np.zeros((1, 1, *SIZE), np.float32)}
    monkeypatch.setattr(export, "empty_inputs", lambda *_: inputs)


@needs_golden_files
@pytest.mark.parametrize("file_format", ["MINDIR", "ONNX"])
def test_the_loop_over_frames_is_that_of_the_original(golden_size, tmp_path, file_format):
    network, golden = FrameMatteWithPrevious(), modnet_golden.read("forward_4.npz")
    modnet_golden.load_golden_weights(network, 4)
    info = ModelInfo(system="modnet_video", size=128)
    path = export.export_network(network, str(tmp_path / "modnet"), file_format, info)
    assert find_model_info(path) == info
    first, last = golden["image"]
    frames = [first, np.roll(first, 3, axis=2), np.roll(first, 6, axis=2), last]
    previous = np.zeros((1, 1, *SIZE), np.float32)
    run = runner_of(path)
    for frame, expected in zip(frames, golden["loop"], strict=True):
        previous = run(np.ascontiguousarray(frame.transpose(1, 2, 0)[np.newaxis]), previous)
        np.testing.assert_allclose(previous[0], expected, atol=TOLERANCE)


def runner_of(path: Path):
    if path.suffix == ".onnx":
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return lambda frame, previous: session.run(["alpha"], {"frame": frame, "previous": previous})[0]
    graph = nn.GraphCell(ms.load(str(path)))
    return lambda frame, previous: graph(Tensor(frame), Tensor(previous)).asnumpy()


@needs_golden_files
def test_a_checkpoint_says_its_system_and_mattes_a_photo(tmp_path):
    network = MODNet(3)
    modnet_golden.load_golden_weights(network, 3)
    save_parameters(network, tmp_path / "modnet.ckpt")
    write_model_info(tmp_path / "modnet.ckpt", ModelInfo(system="modnet", size=64))
    matting = load_matting(tmp_path / "modnet.ckpt", engine="mindspore", mirror=False)
    assert isinstance(matting, Matting) and matting.info.colour == "RGB"
    photo = modnet_golden.read("forward_3.npz")["image"][0].transpose(1, 2, 0)[..., ::-1]
    square = np.ascontiguousarray(photo[:64, :64])
    (inputs,) = matting.prepare(square)
    np.testing.assert_array_equal(inputs["frame"][0], square[..., ::-1])
    _, _, expected = network.set_train(False)(
        Tensor(modnet_golden.normalised(square[..., ::-1].transpose(2, 0, 1))[np.newaxis])
    )
    found = matting.engine.run(inputs)["alpha"]
    np.testing.assert_allclose(found, expected.asnumpy(), atol=TOLERANCE)
    matte = matting.matte(photo)
    assert matte.alpha.shape == matte.trimap.shape == photo.shape[:2]
