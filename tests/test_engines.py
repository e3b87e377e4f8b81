"""What runs a model: which engine is chosen, and that all give the same matte."""

import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

from export import export
from src.common.errors import UserError
from src.config import Config
from src.description.model_info import ModelInfo
from src.engines import engine_choice
from src.engines.engine import ALPHA, INPUT, TRIMAP_LOGITS, Engine, open_engine
from src.engines.engine_choice import Choice, choose_engine
from src.engines.turn import LANES, lane
from src.images.files import write_image
from tests.golden_weights import random_image
from tests.small_dataset import make_person

ROOT = Path(__file__).resolve().parent.parent
SIZE = 64


def export_onnx(checkpoint: Path) -> Path:
    """Export a checkpoint to the file beside it that ONNX Runtime takes."""
    settings = {"ckpt_file": str(checkpoint), "file_name": str(checkpoint.with_suffix("")), "size": SIZE}
    return export(
        Config.model_validate({"export": {**settings, "file_format": "ONNX", "device_target": "CPU"}})
    )


@pytest.fixture(scope="module")
def pair(thin_networks, thin_checkpoint, tmp_path_factory) -> Path:
    """A checkpoint, and its export beside it."""
    checkpoint = Path(shutil.copy(thin_checkpoint, tmp_path_factory.mktemp("pair") / "shm.ckpt"))
    export_onnx(checkpoint)
    return checkpoint


@pytest.fixture
def without(monkeypatch):
    """without(package): as if it were not installed."""

    def hide(package: str) -> None:
        found = engine_choice.find_spec
        monkeypatch.setattr(engine_choice, "find_spec", lambda name: None if name == package else found(name))

    return hide


def test_a_checkpoint_runs_as_its_own_export(pair, tmp_path):
    assert choose_engine(pair) == Choice("onnx", pair.with_suffix(".onnx"))
    assert choose_engine(pair, size=SIZE) == Choice("onnx", pair.with_suffix(".onnx"))
    assert choose_engine(pair, "mindspore") == Choice("mindspore", pair)
    assert choose_engine(pair, device="Ascend") == Choice("mindspore", pair)
    assert choose_engine(pair, size=32) == Choice("mindspore", pair)  # an export has one size
    alone = Path(shutil.copy(pair, tmp_path))
    assert choose_engine(alone) == Choice("mindspore", alone)


def test_the_export_of_another_checkpoint_is_not_taken(pair, tmp_path):
    for file in (pair, pair.with_suffix(".onnx")):
        shutil.copy(file, tmp_path)
    changed = tmp_path / pair.name
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    assert choose_engine(changed) == Choice("mindspore", changed)
    with pytest.raises(UserError, match=r"shm.ckpt: engine onnx needs .*shm.onnx.*export.file_format=ONNX"):
        choose_engine(changed, "onnx")


def test_an_accelerator_is_better_than_the_cpu(pair, monkeypatch, tmp_path):
    monkeypatch.setattr(engine_choice, "_DEVICE_FILES", (str(tmp_path),))
    assert choose_engine(pair).engine == "mindspore"
    assert choose_engine(pair, device="CPU").engine == "onnx"


@pytest.mark.parametrize(
    ("name", "engine", "device", "facts"),
    [
        ("shm.mindir", "onnx", "auto", ("shm.mindir", "onnx", "use mindspore or lite")),
        ("shm.onnx", "auto", "GPU", ("shm.onnx", "on the CPU, not on GPU")),
        ("shm.onnx", "mindspore", "auto", ("shm.onnx", "mindspore", "use onnx")),
        ("shm.ckpt", "onnx", "Ascend", ("engine onnx", "Ascend")),
    ],
)
def test_an_engine_that_cannot_run_a_file(name, engine, device, facts):
    with pytest.raises(UserError) as caught:
        choose_engine(Path(name), engine, device=device)
    for fact in facts:
        assert fact in str(caught.value)


def test_without_onnx_runtime(pair, without):
    without("onnxruntime")
    assert choose_engine(pair).engine == "mindspore"
    with pytest.raises(UserError, match="pip install onnxruntime"):
        choose_engine(pair, "onnx")


def test_without_mindspore(pair, without):
    without("mindspore")
    assert choose_engine(pair).engine == "onnx"
    with pytest.raises(UserError, match=r"needs MindSpore \(pip install .*, 64, not 32"):
        choose_engine(pair, size=32)
    for path, engine in (
        (pair, "mindspore"),
        (Path("shm.mindir"), "auto"),
        (Path("shm.mindir"), "mindspore"),
    ):
        with pytest.raises(UserError, match=f"{path}: running it needs MindSpore .pip install"):
            choose_engine(path, engine)


def test_both_engines_compute_the_same(pair):
    inputs = {INPUT: random_image(1, 3, SIZE, SIZE)}
    expected = open_engine(pair, engine="mindspore", size=SIZE).run(inputs)
    found = open_engine(pair).run(inputs)
    for name in (TRIMAP_LOGITS, ALPHA):
        np.testing.assert_allclose(found[name], expected[name], atol=1e-4)


def test_weights_that_float16_holds_take_half_the_space(thin, thin_checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("src.deployment.half_weights._LEAST_VALUES", 2)  # a thin network has small weights
    whole, half = tmp_path / "whole.ckpt", tmp_path / "half.ckpt"
    shutil.copy(thin_checkpoint, whole)
    halve(whole, half)
    sizes, outputs = [], []
    for checkpoint in (whole, half):
        path = export_onnx(checkpoint)
        onnx.checker.check_model(onnx.load(path))
        sizes.append(sum(each.raw_data.__len__() for each in onnx.load(path).graph.initializer))
        image = random_image(1, 3, SIZE, SIZE)
        engines = (open_engine(checkpoint, engine=engine, size=SIZE) for engine in ("mindspore", "onnx"))
        expected, found = (engine.run({INPUT: image})[ALPHA] for engine in engines)
        np.testing.assert_allclose(found, expected, atol=1e-4)
        outputs.append(found)
    assert sizes[1] < 0.55 * sizes[0]
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-6  # the other checkpoint is not rounded


def halve(checkpoint: Path, output: Path) -> None:
    """Write a checkpoint's weights as float16."""
    import mindspore as ms

    weights = ms.load_checkpoint(str(checkpoint))
    ms.save_checkpoint(
        [
            {"name": name, "data": ms.Tensor(value.asnumpy().astype(np.float16))}
            for name, value in weights.items()
        ],
        str(output),
    )


def test_predicting_does_without_mindspore(tmp_path):
    photo, _ = make_person((5, 5), 60, 40)
    write_image(tmp_path / "me.png", photo)
    program = "import sys; sys.modules['mindspore'] = None; sys.argv = ['predict.py', 'me.png']\n"
    program += f"sys.path.insert(0, {str(ROOT)!r}); from predict import main; sys.exit(main())"
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "me_alpha.png").is_file() and (tmp_path / "me_cutout.png").is_file()


def test_two_inputs_run_at_the_same_time_if_there_are_lanes():
    meeting = threading.Barrier(2, timeout=20)

    def run(inputs):
        meeting.wait()  # fails unless both are there
        return inputs

    inputs = [{INPUT: np.float32([number])} for number in range(2)]
    assert Engine(run, ModelInfo(), lanes=2).run_all(inputs) == inputs
    threads = []
    alone = Engine(lambda each: threads.append(threading.get_ident()) or each, ModelInfo())
    assert alone.run_all(inputs) == inputs and threads == [threading.get_ident()] * 2


def test_no_more_runs_at_a_time_than_lanes():
    running, most = [], []

    def work(number):
        with lane():
            running.append(number)
            most.append(len(running))
            time.sleep(0.02)
            running.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert max(most) == LANES
