"""The C++ runner as an engine of predict.py, and its --pipe."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from src.common.errors import UserError
from src.description.model_info import ModelInfo
from src.engines import engine_choice, lite
from src.engines.embedded_info import embed_model_info, is_export_of
from src.engines.engine import ALPHA, INPUT, TRIMAP_LOGITS, open_engine
from src.engines.engine_choice import Choice, choose_engine
from src.images.files import read_gray, write_image
from tests.golden_weights import random_image
from tests.runner import ENVIRONMENT, RUNNER, error_lines
from tests.small_dataset import make_person
from tests.test_engines import export_onnx

SIZE = 64


@pytest.fixture
def checkpoint(thin_checkpoint, tmp_path, monkeypatch) -> Path:
    """A thin checkpoint and a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Path(shutil.copy(thin_checkpoint, tmp_path / "shm.ckpt"))


def run_pipe(model: Path, content: bytes) -> subprocess.CompletedProcess:
    return subprocess.run(
        [RUNNER, "--model", model, "--pipe"], input=content, capture_output=True, env=ENVIRONMENT
    )


def test_alphas_are_those_of_onnx_runtime(runner, thin_networks, checkpoint, tmp_path):
    """A checkpoint is exported once, and what is in the cache is taken afterwards."""
    onnx = open_engine(export_onnx(checkpoint))
    times = set()
    for _ in range(2):
        engine = open_engine(checkpoint, engine="lite", size=SIZE)
        assert engine.info.size == SIZE
        for seed in (1, 2):
            image = {INPUT: random_image(1, 3, SIZE, SIZE, seed=seed)}
            found, expected = engine.run(image), onnx.run(image)
            for name in (TRIMAP_LOGITS, ALPHA):
                np.testing.assert_allclose(found[name], expected[name], atol=1e-4)
        (cached,) = (tmp_path / "cache").rglob("*.mindir")
        times.add(cached.stat().st_mtime_ns)
    assert len(times) == 1
    assert is_export_of(cached, checkpoint)


def test_predict_with_the_runner(runner, thin_lowered, tmp_path, monkeypatch):
    import predict

    photo, _ = make_person((5, 5), 60, 40)
    write_image(tmp_path / "me.png", photo)
    arguments = ["--checkpoint", str(thin_lowered), "--output"]
    for engine in ("lite", "mindspore"):
        flags = [*arguments, str(tmp_path / engine), "--engine", engine, "--device", "CPU"]
        monkeypatch.setattr("sys.argv", ["predict.py", str(tmp_path / "me.png"), *flags])
        assert predict.main() == 0
    found, expected = (
        read_gray(tmp_path / engine / "me_alpha.png").astype(int) for engine in ("lite", "mindspore")
    )
    np.testing.assert_allclose(found, expected, atol=1)
    assert found.std() > 1


def test_the_export_beside_a_checkpoint_is_taken_if_it_fits(checkpoint, thin_lowered):
    beside = checkpoint.with_suffix(".mindir")
    assert choose_engine(checkpoint, "lite") == Choice("lite", checkpoint)
    shutil.copy(thin_lowered, beside)
    assert choose_engine(checkpoint, "lite") == Choice("lite", checkpoint)  # it is of another one
    embed_model_info(beside, ModelInfo(size=SIZE), checkpoint)
    assert choose_engine(checkpoint, "lite") == Choice("lite", beside)
    assert choose_engine(checkpoint, "lite", size=32) == Choice("lite", checkpoint)
    assert choose_engine(beside, "lite") == Choice("lite", beside)
    assert choose_engine(beside) == Choice("mindspore", beside)
    with pytest.raises(UserError, match=r"shm.onnx: engine lite cannot .* use onnx"):
        choose_engine(checkpoint.with_suffix(".onnx"), "lite")


def test_without_mindspore_the_export_is_needed(checkpoint, monkeypatch):
    monkeypatch.setattr(engine_choice, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"shm.ckpt: engine lite needs .*shm.mindir.*export.mindir_version=1"):
        choose_engine(checkpoint, "lite")


def test_each_kind_of_device_has_its_own_form(checkpoint, monkeypatch):
    runs = []

    def run(_: Path, script: str, *arguments: str | Path) -> None:
        if script == "src/deployment/lowering.py":
            runs.append(arguments)
            arguments[1].touch()

    monkeypatch.setattr(lite, "_run", run)
    files = {device: lite.export_for_lite(checkpoint, SIZE, device) for device in ("auto", "CPU", "Ascend")}
    assert files["auto"] == files["CPU"] != files["Ascend"]
    assert [arguments[2:] for arguments in runs] == [("--for_cpu",), ()]
    monkeypatch.setattr(lite, "_LOWERING", 0)
    assert lite.export_for_lite(checkpoint, SIZE, "CPU") != files["CPU"]


def test_without_the_runner(thin_lowered, monkeypatch, tmp_path):
    monkeypatch.setattr(lite, "RUNNER", tmp_path / "shm_infer")
    with pytest.raises(UserError, match=r"shm_infer: .*build.sh CPU"):
        open_engine(thin_lowered, engine="lite")


def test_a_model_that_the_runner_cannot_load(runner, thin_mindir):
    with pytest.raises(UserError) as caught:
        open_engine(thin_mindir, engine="lite")
    for fact in (str(thin_mindir), "cannot be loaded on CPU", "export.mindir_version=1"):
        assert fact in str(caught.value)


def test_a_runner_that_ends_is_told_of(runner, thin_lowered):
    network, size = lite.load_lite(thin_lowered)
    assert size == SIZE
    network._process.kill()
    network._process.wait()
    with pytest.raises(lite.LiteError, match=r"ended with status -9"):
        network(random_image(1, 3, SIZE, SIZE))


def test_the_runner_ends_with_its_user(runner, thin_lowered):
    network, _ = lite.load_lite(thin_lowered)
    process = network._process
    del network
    assert process.poll() is not None


def test_an_input_that_is_not_whole(runner, thin_lowered):
    whole = random_image(1, 3, SIZE, SIZE).astype(np.float32).tobytes()
    result = run_pipe(thin_lowered, whole + whole[:100])
    header, outputs = result.stdout.split(b"\n", 1)
    assert header == b"shm_infer 1,3,64,64 1,3,64,64 1,1,64,64"
    assert len(outputs) == 4 * 4 * SIZE * SIZE
    result.stderr = result.stderr.decode()
    (line,) = (each for each in error_lines(result) if each.startswith("error"))
    assert result.returncode == 1
    assert "100 bytes" in line and str(len(whole)) in line
