"""Exported files: they compute what the network computes, and a failure harms nothing."""

import os
import stat
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn

from export import export
from src.common.errors import UserError
from src.config import Config
from src.deployment.export import ExportError, check_export, export_network
from src.description.model_info import ModelInfo
from src.engines.exported import ExportedError, compiled
from src.engines.mindir import MindirError
from src.load_model import load_network
from src.model.network import SHMNet
from tests.conftest import save_golden
from tests.golden_weights import random_image
from tests.thin_network import make_encoder_short

SIZE = 64
LARGEST_DIFFERENCE = 1e-4
EARLIER = b"an earlier export"
EXAMPLES = [[random_image(1, 3, SIZE, SIZE)]]


def make_config(checkpoint: Path, name: Path, file_format: str = "MINDIR", size: int = SIZE) -> Config:
    settings = {"ckpt_file": str(checkpoint), "file_name": str(name), "file_format": file_format}
    return Config.model_validate({"export": {**settings, "size": size, "device_target": "CPU"}})


def assert_equals_network(outputs: list[np.ndarray], image: np.ndarray, checkpoint: Path) -> None:
    expected = [output.asnumpy() for output in load_network(checkpoint)(Tensor(image))]
    assert [output.shape for output in outputs] == [(1, 3, SIZE, SIZE), (1, 1, SIZE, SIZE)]
    for found, wanted in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=LARGEST_DIFFERENCE)


@pytest.fixture
def failing_export(monkeypatch) -> None:
    """MindSpore's export fails halfway."""

    def fail(network, image, file_name, file_format):
        Path(file_name).write_bytes(b"half")
        raise RuntimeError("no such operator\nsecond line")

    monkeypatch.setattr(ms, "export", fail)


def outputs_of(exported: Path, image: np.ndarray) -> list[np.ndarray]:
    """As MindSpore or ONNX Runtime computes them."""
    if exported.suffix == ".onnx":
        session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: image})
    return [output.asnumpy() for output in nn.GraphCell(ms.load(str(exported)))(Tensor(image))]


def test_the_exported_network_computes_what_the_network_computes(tmp_path, monkeypatch):
    """As ONNX, with blocks of all kinds; test_lowering.py does the same with MINDIR and the whole network.

    The check that export.py makes itself would compile it once more.
    """
    make_encoder_short(monkeypatch)
    checkpoint = save_golden(tmp_path / "golden.ckpt")
    info = ModelInfo(size=SIZE)
    path = export_network(load_network(checkpoint), str(tmp_path / "shm"), "ONNX", info)
    image = random_image(1, 3, SIZE, SIZE)
    assert_equals_network(outputs_of(path, image), image, checkpoint)


@pytest.mark.parametrize(("file_format", "name"), [("MINDIR", "shm.mindir"), ("ONNX", "shm.onnx")])
def test_the_command_writes_a_file_that_stands_alone(thin, thin_checkpoint, tmp_path, file_format, name):
    """And can be read by others."""
    path = export(make_config(thin_checkpoint, tmp_path / "shm", file_format))
    assert [file.name for file in tmp_path.iterdir()] == [path.name] == [name]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    image = random_image(1, 3, SIZE, SIZE)
    assert_equals_network(outputs_of(path, image), image, thin_checkpoint)


def test_the_name_is_relative_to_the_current_folder(thin, thin_checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        ms, "export", lambda network, image, file_name, file_format: Path(file_name).write_bytes(b"x")
    )
    path = export_network(load_network(thin_checkpoint), "shm_export", "MINDIR", ModelInfo(size=SIZE))
    assert (tmp_path / "shm_export.mindir").read_bytes().startswith(b"x")
    assert path == Path("shm_export.mindir")


def test_a_file_of_other_weights_is_refused(thin, thin_mindir):
    with pytest.raises(
        ExportError, match=r"thin.mindir: differs from the network by \d\S*, more than 0.0001"
    ):
        check_export(thin_mindir, compiled(SHMNet().set_train(False)), EXAMPLES)


def test_a_damaged_file_is_refused(thin, thin_mindir, thin_checkpoint, tmp_path):
    damaged = tmp_path / "damaged.mindir"
    damaged.write_bytes(thin_mindir.read_bytes()[:1000])
    with pytest.raises(ExportedError, match="damaged.mindir: cannot be loaded"):
        check_export(damaged, compiled(load_network(thin_checkpoint)), EXAMPLES)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_failed_export_harms_nothing(thin, failing_export, thin_checkpoint, tmp_path, is_there):
    earlier = {"shm.mindir": EARLIER} if is_there else {}
    for name, content in earlier.items():
        (tmp_path / name).write_bytes(content)
    reason = "cannot be exported as MINDIR: no such operator"
    with pytest.raises(ExportError, match=f"^{tmp_path}/shm.mindir: {reason}$"):
        export(make_config(thin_checkpoint, tmp_path / "shm"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == earlier


def test_errors_name_the_user_s_file_not_the_one_in_between(thin, thin_checkpoint, tmp_path, monkeypatch):
    def fail(source, target):
        raise MindirError(f"{source}: cannot be lowered to version 1: reasons")

    monkeypatch.setattr("src.deployment.export.lower_file", fail)
    settings = {"ckpt_file": str(thin_checkpoint), "file_name": str(tmp_path / "shm"), "size": SIZE}
    config = Config.model_validate({"export": {**settings, "mindir_version": "1", "device_target": "CPU"}})
    with pytest.raises(
        ExportError, match=f"^{tmp_path}/shm.mindir: cannot be lowered to version 1: reasons$"
    ):
        export(config)


def test_a_file_that_computes_something_else_replaces_none(thin, thin_checkpoint, tmp_path, monkeypatch):
    (tmp_path / "shm.mindir").write_bytes(EARLIER)
    monkeypatch.setattr("src.deployment.export.LARGEST_DIFFERENCE", -1)
    with pytest.raises(ExportError, match=f"^{tmp_path}/shm.mindir: differs from the network by"):
        export(make_config(thin_checkpoint, tmp_path / "shm"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"shm.mindir": EARLIER}


def test_air_without_ascend(thin, thin_checkpoint, tmp_path):
    (tmp_path / "shm.air").write_bytes(EARLIER)
    with pytest.raises(ExportError, match="shm.air: cannot be exported as AIR: ") as caught:
        export(make_config(thin_checkpoint, tmp_path / "shm", "AIR"))
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"shm.air": EARLIER}


def test_a_missing_checkpoint(tmp_path):
    with pytest.raises(UserError, match="absent.ckpt: no such checkpoint"):
        export(make_config(tmp_path / "absent.ckpt", tmp_path / "shm"))
    assert list(tmp_path.iterdir()) == []


def test_onnx_cannot_be_checked_without_onnx_runtime(thin, thin_checkpoint, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    settings = {"ckpt_file": str(thin_checkpoint), "file_name": str(tmp_path / "shm"), "size": SIZE}
    config = Config.model_validate({"export": {**settings, "file_format": "ONNX", "device_target": "CPU"}})
    with pytest.raises(ExportError, match="shm.onnx: is written, but not checked: .*pip install onnxruntime"):
        export(config)
    assert (tmp_path / "shm.onnx").is_file()
