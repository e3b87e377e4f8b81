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
from src.deployment.lowering import lower_file
from src.description.model_info import ModelInfo, write_model_info
from src.engines.embedded_info import find_model_info
from src.inference.matting import Matting, load_matting
from src.model.modnet.frame import FrameMatteWithPrevious
from src.model.modnet.network import MODNet
from src.model.weights import save_parameters
from tests import modnet_golden
from tests.modnet_golden import TOLERANCE, needs_golden_files
from tests.runner import call_runner

SIZE = (128, 160)


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> dict[str, Path]:
    """The network for videos with the golden weights in both formats, of the size of the golden frames."""
    network, info = FrameMatteWithPrevious(), ModelInfo(system="modnet_video", size=128)
    modnet_golden.load_golden_weights(network, 4)
    name = str(tmp_path_factory.mktemp("export") / "modnet")
    inputs = {"frame": np.zeros((1, *SIZE, 3), np.uint8), "previous": np.zeros((1, 1, *SIZE), np.float32)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "empty_inputs", lambda *_: inputs)  # they are no squares
        # ONNX last, since it replaces layers.
        return {each: export.export_network(network, name, each, info) for each in ("MINDIR", "ONNX")}


@needs_golden_files
@pytest.mark.parametrize("file_format", ["MINDIR", "ONNX"])
def test_the_loop_over_frames_is_that_of_the_original(exported, file_format):
    golden = modnet_golden.read("forward_4.npz")
    assert find_model_info(exported[file_format]) == ModelInfo(system="modnet_video", size=128)
    first, last = golden["image"]
    frames = [*(np.roll(first, shift, axis=2) for shift in (0, 3, 6)), last]
    alphas = loop(exported[file_format], frames)
    np.testing.assert_allclose(alphas, golden["loop"][:, 0], atol=TOLERANCE)


@needs_golden_files
def test_thirty_frames_in_the_runner(runner, exported, tmp_path):
    """Its alphas are those of ONNX Runtime, and the first ones those of the original."""
    golden = modnet_golden.read("forward_4.npz")
    frames = [np.roll(golden["image"][0], 3 * number, axis=2) for number in range(30)]
    (tmp_path / "clip.rgb").write_bytes(b"".join(frame.transpose(1, 2, 0).tobytes() for frame in frames))
    lower_file(exported["MINDIR"], tmp_path / "lowered.mindir", for_cpu=True)
    arguments = ["--model", tmp_path / "lowered.mindir", "--video", tmp_path / "clip.rgb", "--format", "rgb"]
    result = call_runner(*arguments, "--size", "160x128", "--mattes", tmp_path / "alphas", "--warmup", "0")
    assert result.returncode == 0, result.stderr
    alphas = np.fromfile(tmp_path / "alphas", np.float32).reshape(30, *SIZE)
    np.testing.assert_allclose(alphas, loop(exported["ONNX"], frames), atol=TOLERANCE)
    np.testing.assert_allclose(alphas[:3], golden["loop"][:3, 0], atol=TOLERANCE)


def loop(path: Path, frames: list[np.ndarray]) -> list[np.ndarray]:
    """The alphas (H, W) of frames (3, H, W) uint8, each given the one before, at first zeros."""
    run, alphas = runner_of(path), [np.zeros(SIZE, np.float32)]
    for frame in frames:
        inputs = (
            np.ascontiguousarray(frame.transpose(1, 2, 0)[np.newaxis]),
            alphas[-1][np.newaxis, np.newaxis],
        )
        alphas.append(run(*inputs)[0, 0])
    return alphas[1:]


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
