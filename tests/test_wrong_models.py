"""Files given as a model that are none, or whose weights are no numbers: the message says what to do."""

import json
import shutil
import struct
import zipfile
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms

from src.common.errors import UserError
from src.conversion.torch_state_dict import read_torch_state_dict, select_entries
from src.deployment.runner_files import OutputError, read_outputs
from src.description.model_info import ModelInfo
from src.description.plate_form import PlateForm
from src.engines.embedded_info import embed_model_info, model_info_of
from src.engines.engine import open_engine
from src.engines.mindir import read_mindir
from src.engines.plate_engine import open_plate_engine
from src.inference.matting import Matting, load_matting
from src.load_model import load_network
from tests.predicting import PHOTO, SIZE

CONVERSION = "src/get_init_weight.py"
FLOAT = onnx.TensorProto.FLOAT

pytestmark = pytest.mark.usefixtures("thin")


def torch_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"\x80\x02}q\x00.")


def picture(path: Path) -> None:
    path.write_bytes(cv2.imencode(".jpg", PHOTO)[1].tobytes())


def safetensors(path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))


def content(start: bytes):
    return lambda path: path.write_bytes(start + bytes(600))


KINDS = {
    "model.pth": (torch_archive, CONVERSION),
    "model.PT": (torch_archive, CONVERSION),
    "lightning.ckpt": (torch_archive, CONVERSION),
    "older.pth.tar": (content(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), CONVERSION),
    "model.bin": (torch_archive, CONVERSION),
    "model.tflite": (content(b"\x1c\0\0\0TFL3"), f"{CONVERSION} --encoder"),
    "model.safetensors": (safetensors, "safetensors"),
    "keras.h5": (content(b"\x89HDF\r\n\x1a\n"), "Keras"),
    "model.ckpt.data-00000-of-00001": (content(b"\1\2"), "TensorFlow"),
    "model.ckpt.index": (content(b"\0\0"), "TensorFlow"),
    "photo.jpg": (picture, "picture"),
    "photo.ckpt": (picture, "picture"),
    "clip.mp4": (content(b"\0\0\0\x20ftypisom"), "video"),
    "page.ckpt": (content(b"\n<!DOCTYPE html>"), "web page"),
    "pointer.ckpt": (content(b"version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
    "packed.tar.gz": (content(b"\x1f\x8b\x08"), "archive"),
    "empty.ckpt": (lambda path: path.touch(), "empty"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_of_something_else_says_what_to_do(tmp_path, name):
    write, fact = KINDS[name]
    write(tmp_path / name)
    for load in (open_engine, load_network):
        with pytest.raises(UserError) as caught:
            load(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: ")
        assert fact in str(caught.value) and "indspore" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".ckpt.bak", ".CKPT", ".old", ""])
def test_a_checkpoint_by_another_name_is_to_be_renamed(tmp_path, thin_checkpoint, suffix):
    path = tmp_path / f"model{suffix}"
    shutil.copy(thin_checkpoint, path)
    with pytest.raises(UserError, match="rename") as caught:
        load_network(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("suffix", [".mindir", ".MINDIR", ".onnx", ".Onnx", ".air"])
def test_an_exported_model_is_no_checkpoint(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"\x0a\x01")
    with pytest.raises(UserError, match="exported model; name the checkpoint") as caught:
        load_network(path)
    assert str(path) in str(caught.value)


def test_an_exported_model_may_have_capital_letters(tmp_path, thin_mindir):
    capitals = tmp_path / "MODEL.MINDIR"
    shutil.copy(thin_mindir, capitals)
    one, other = (load_matting(path) for path in (thin_mindir, capitals))
    assert one.info == other.info == ModelInfo(size=64)
    np.testing.assert_array_equal(one(PHOTO), other(PHOTO))


@pytest.mark.parametrize("name", ["model.mindir", "model.onnx"])
def test_an_exported_model_that_is_something_else(tmp_path, name):
    torch_archive(tmp_path / name)
    with pytest.raises(UserError, match=CONVERSION):
        open_engine(tmp_path / name)


@pytest.mark.parametrize("name", ["model.ckpt", "model.mindir"])
def test_the_converter_wants_no_model_of_mindspore(tmp_path, name, thin_checkpoint):
    shutil.copy(thin_checkpoint, tmp_path / name)
    with pytest.raises(UserError, match="of MindSpore already; train.py --init_weight"):
        read_torch_state_dict(tmp_path / name)


def test_the_converter_wants_no_picture(tmp_path):
    picture(tmp_path / "photo.pth")
    with pytest.raises(UserError, match="photo.pth: is a picture"):
        read_torch_state_dict(tmp_path / "photo.pth")


def spoil(checkpoint: Path, path: Path, value: float, kind=np.float32) -> Path:
    """Copy a checkpoint with one value changed."""
    entries = []
    for name, parameter in ms.load_checkpoint(str(checkpoint)).items():
        values = parameter.asnumpy().astype(kind)
        if name == "t_net.last_conv.weight":
            values.flat[3] = value
        entries.append({"name": name, "data": ms.Tensor(values)})
    ms.save_checkpoint(entries, str(path))
    return path


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_no_number_names_file_and_weight(thin_checkpoint, tmp_path, value, kind):
    path = spoil(thin_checkpoint, tmp_path / "bad.ckpt", value, kind)
    for load in (load_network, open_engine):
        with pytest.raises(UserError) as caught:
            load(path)
        assert str(caught.value).startswith(
            f"{path}: 1 of 12 values of t_net.last_conv.weight are NaN or inf"
        )


def test_a_weight_of_an_exported_model(thin_mindir, tmp_path):
    model = read_mindir(thin_mindir)
    weight = next(each for each in model.graph.parameter if each.name.endswith("last_conv.weight"))
    values = np.frombuffer(weight.raw_data, np.float32).copy()
    values[3] = np.nan
    weight.raw_data = values.tobytes()
    path = tmp_path / "bad.mindir"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(UserError) as caught:
        open_engine(path)
    assert str(path) in str(caught.value) and weight.name in str(caught.value)


def test_outputs_that_are_no_numbers_name_the_model(thin_checkpoint, monkeypatch):
    """As those of weights that are numbers, but too large."""
    outputs = [np.zeros((1, channels, SIZE, SIZE), np.float32) for channels in (3, 1)]
    outputs[1][0, 0, 5, 5] = np.inf
    monkeypatch.setattr("src.engines.engine._open_checkpoint", lambda path, system: lambda image: outputs)
    with pytest.raises(UserError, match=r"thin\.ckpt: 1 of 1024 values of its outputs are NaN or infinite"):
        Matting(open_engine(thin_checkpoint, size=SIZE))(PHOTO)


def write_onnx(path: Path, inputs: dict[str, tuple], outputs: list[tuple]) -> Path:
    """A model that gives zeros of these shapes for any inputs."""
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", [f"zeros{n}"], [f"out{n}"]) for n in range(len(outputs))],
        "zeros",
        [onnx.helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
        [onnx.helper.make_tensor_value_info(f"out{n}", FLOAT, shape) for n, shape in enumerate(outputs)],
        [onnx.numpy_helper.from_array(np.zeros(s, np.float32), f"zeros{n}") for n, s in enumerate(outputs)],
    )
    opset = [onnx.helper.make_opsetid("", 13)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


ONE, THREE, HALF = (1, 1, SIZE, SIZE), (1, 3, SIZE, SIZE), (1, 1, SIZE // 2, SIZE // 2)


@pytest.mark.parametrize("outputs", [[ONE, THREE], [THREE, HALF], [ONE], [THREE, ONE, ONE], [(), ()]])
def test_outputs_that_are_not_those_of_the_system_name_the_model(tmp_path, outputs):
    path = write_onnx(tmp_path / "odd.onnx", {"image": THREE}, outputs)
    found = ", ".join(map(str, outputs))
    with pytest.raises(UserError) as caught:
        Matting(open_engine(path))(PHOTO)
    assert str(caught.value).startswith(
        f"{path}: gives outputs of shape {found}, where trimap_logits {THREE}"
    )


def test_outputs_that_are_not_those_of_a_system_with_plates(tmp_path):
    form = PlateForm(width=64, height=32, backbone_scale=0.5, refinement="full")
    path = write_onnx(tmp_path / "odd.onnx", dict.fromkeys(("image", "plate"), (1, 3, 32, 64)), [HALF, THREE])
    embed_model_info(path, ModelInfo(system="background_matting", plate_form=form))
    engine = open_plate_engine(path, "background_matting")
    with pytest.raises(UserError, match=r"odd\.onnx: gives outputs of shape .*alpha \(1, 1, 32, 64\) and"):
        engine.run(*(np.zeros((1, 3, 32, 64), np.float32) for _ in range(2)))


@pytest.mark.parametrize("mean", [(np.nan,) * 3, (1, np.inf, 3), (1, 2, -1), (256, 1, 1)])
def test_a_mean_that_is_none(tmp_path, mean):
    with pytest.raises(UserError, match="mean .*: must be values from 0 to 255"):
        model_info_of(tmp_path / "a.ckpt", mean=mean, otherwise=ModelInfo())


def test_a_state_dict_that_holds_no_numbers():
    state = {"a": np.array([1, np.nan], np.float32), "unused": np.array([np.nan])}
    with pytest.raises(UserError, match="1 of 2 values of a are NaN"):
        select_entries(state, {"a": (2,)}, "this network")


def test_outputs_of_the_runner_that_are_no_numbers(tmp_path):
    for number, channels in enumerate((3, 1)):
        values = np.zeros((channels, 4, 4), np.float32)
        values[0, 0, 0] = np.nan if number == 1 else 0
        values.tofile(tmp_path / f"x_{number}.bin")
    with pytest.raises(OutputError, match=r"x_1\.bin: holds values that are NaN"):
        read_outputs(tmp_path, "x", 4)
