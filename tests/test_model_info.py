"""What a model is: beside a checkpoint, and inside exported files."""

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.config import Config
from src.deployment.export import export_network
from src.deployment.lowering import lower_file
from src.description.model_info import ModelInfo, info_path, read_model_info, write_model_info
from src.engines.embedded_info import embed_model_info, find_model_info, model_info_of
from src.engines.engine import open_engine
from src.images.preprocessing import alpha_to_bytes
from src.inference.matting import SHIPPED_MODEL, Matting
from src.inference.outputs import Outputs
from src.inference.protocol import DEFAULT, PUBLISHED
from src.inference.steps import MattingSteps
from src.load_model import load_for_inference
from tests.small_dataset import make_person

INFO = ModelInfo(size=32, mean=(1.5, 20, 255))


def test_it_is_read_as_it_was_written(tmp_path):
    write_model_info(tmp_path / "a.ckpt", INFO)
    assert info_path(tmp_path / "a.ckpt").name == "a.ckpt.yaml"
    assert read_model_info(tmp_path / "a.ckpt") == find_model_info(tmp_path / "a.ckpt") == INFO
    assert read_model_info(tmp_path / "b.ckpt") is None


def test_the_shipped_model_says_what_it_is():
    assert read_model_info(SHIPPED_MODEL).system == "shm"


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("size: 32\nmean: [1, 2]", "mean"),
        ("size: 32\nsise: 3", "sise"),
        ("size: big", "size"),
        ("system: other", "system"),
        ("- 1", "file"),
        ("size: [", "not valid YAML"),
        ("size: 32\ncolour: BGR\nsize: 64", "'size' is given twice, in lines 1 and 3"),
        ("mean: [1, .nan, 3]", "mean.1"),
        ("mean: [1, 2, .inf]", "mean.2"),
        ("mean: [nan, 2, 3]", "mean.0"),
        ("size:", "size"),
        ("", "file"),
        ("colour: red", "colour"),
        ("system: modnet\ncolour: BGR", "colour"),
        ("plate_form: 3", "plate_form"),
        ("plate_form: {width: 33, height: 32, backbone_scale: 0.5, refinement: full}", "plate_form.width"),
        (
            "plate_form: {width: 32, height: 32, backbone_scale: 0, refinement: full}",
            "plate_form.backbone_scale",
        ),
        ("plate_form: {width: 32, height: 32, backbone_scale: 0.5}", "plate_form.refinement"),
    ],
)
def test_mistakes_are_named(tmp_path, text, fact):
    info_path(tmp_path / "a.ckpt").write_text(text)
    with pytest.raises(UserError, match="a.ckpt.yaml") as caught:
        read_model_info(tmp_path / "a.ckpt")
    assert fact in str(caught.value)


def test_a_size_that_no_network_takes(tmp_path):
    for size in (8, 33):
        with pytest.raises(UserError, match=f"size {size}: must be a multiple of 16"):
            model_info_of(tmp_path / "a.ckpt", size=size, otherwise=INFO)


def test_a_size_of_its_own_that_no_network_takes_names_the_description(tmp_path):
    odd = ModelInfo(size=300)
    write_model_info(tmp_path / "a.ckpt", odd)
    (tmp_path / "a.onnx").touch()
    embed_model_info(tmp_path / "a.onnx", odd)
    for name, described in (("a.ckpt", "a.ckpt.yaml"), ("a.onnx", "a.onnx")):
        with pytest.raises(UserError) as caught:
            model_info_of(tmp_path / name, otherwise=INFO)
        assert str(caught.value) == f"{tmp_path / described}: size 300: must be a multiple of 16"
        assert model_info_of(tmp_path / name, size=320, otherwise=INFO).size == 320


@pytest.mark.parametrize("content", [b"", b"\x72", b"\xff" * 50, b"\x72\xff\xff\x7f", bytes(range(256)) * 20])
def test_damaged_exported_files_say_nothing(tmp_path, content):
    (tmp_path / "a.mindir").write_bytes(content)
    assert find_model_info(tmp_path / "a.mindir") is None


def test_an_exported_file_carries_it_and_still_runs(thin, thin_checkpoint, tmp_path):
    network = load_for_inference(thin_checkpoint)
    photo, _ = make_person((3, 1), 50, 40)
    expected = Matting(open_engine(thin_checkpoint, otherwise=INFO), PUBLISHED)(photo)
    path = export_network(network, str(tmp_path / "model"), "MINDIR", INFO)
    lower_file(path, tmp_path / "lowered.mindir")
    for file in (path, tmp_path / "lowered.mindir"):
        assert find_model_info(file) == INFO
    engine = open_engine(path)
    assert engine.info == INFO
    np.testing.assert_allclose(Matting(engine, PUBLISHED)(photo), expected, atol=1e-4)


def test_an_onnx_file_carries_it_and_still_runs(thin, thin_checkpoint, tmp_path):
    photo, _ = make_person((3, 1), 50, 40)
    expected = Matting(open_engine(thin_checkpoint, otherwise=INFO), DEFAULT).matte(photo)
    path = export_network(load_for_inference(thin_checkpoint), str(tmp_path / "model"), "ONNX", INFO)
    engine = open_engine(path)
    assert engine.info == INFO
    found = Matting(engine, DEFAULT).matte(photo)
    np.testing.assert_allclose(found.alpha, expected.alpha, atol=1e-3)  # contrast is stretched
    assert (found.trimap == expected.trimap).mean() > 0.99


def test_prepare_run_finish_is_the_whole_way(thin, thin_checkpoint):
    engine = open_engine(thin_checkpoint, otherwise=INFO)
    photo, _ = make_person((3, 1), 50, 40)
    for protocol in (PUBLISHED, DEFAULT):
        steps, matting = MattingSteps(engine.info, protocol), Matting(engine, protocol)
        inputs = steps.prepare(photo)
        assert len(inputs) == 1 + protocol.mirror
        outputs = Outputs(engine.run_all(inputs))
        if protocol.looks_closer:
            tiles = steps.find_tiles(photo, outputs.whole)
            outputs = Outputs(outputs.whole, tiles, engine.run_all(steps.prepare_parts(photo, tiles)))
            look = steps.find_look(photo, outputs)
            outputs = Outputs(*outputs[:3], look, engine.run_all(steps.prepare_look(photo, look)))
        finished = steps.finish(photo, outputs)
        whole = matting.matte(photo)
        np.testing.assert_array_equal(finished.alpha, whole.alpha)
        np.testing.assert_array_equal(finished.trimap, whole.trimap)
        np.testing.assert_array_equal(alpha_to_bytes(matting(photo)), alpha_to_bytes(whole.alpha))


def test_a_size_counts_before_the_models_own():
    assert Config().test.size is None
    assert Config.model_validate({"test": {"size": 320}}).test.size == 320
    assert Config.model_validate({"mean": [1, 2, 3]}).model_info() == ModelInfo(size=320, mean=(1, 2, 3))


def test_formats_that_cannot_carry_it_stay_as_they_are(tmp_path):
    (tmp_path / "a.air").write_bytes(b"content")
    embed_model_info(tmp_path / "a.air", INFO)
    assert (tmp_path / "a.air").read_bytes() == b"content"
