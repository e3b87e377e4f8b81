"""Conversion of the original network's PyTorch weights."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn

from src.common.errors import UserError
from src.conversion.checkpoint_file import write_checkpoint
from src.conversion.original_network import convert_state_dict
from src.conversion.torch_state_dict import read_torch_state_dict, torch_name
from src.description.model_info import ModelInfo, read_model_info
from src.get_init_weight import main
from src.load_model import load_network
from src.model.network import SHMNet
from tests.golden_weights import GOLDEN_FOLDER, load_golden_weights

REPOSITORY = Path(__file__).resolve().parent.parent
SCRIPT = REPOSITORY / "src" / "get_init_weight.py"
WEIGHT = "t_net.feature.head_conv.0.weight"
NORMALISATION = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


@pytest.fixture(scope="module")
def network() -> SHMNet:
    network = SHMNet()
    load_golden_weights(network)
    return network


@pytest.fixture(scope="module")
def whole_state(network) -> dict[str, np.ndarray]:
    """The network's weights as PyTorch names them, from the kinds of its layers."""
    state = {}
    for layer_name, layer in network.cells_and_names():
        if isinstance(layer, nn.BatchNorm2d):
            for ours, theirs in NORMALISATION.items():
                state[f"{layer_name}.{theirs}"] = getattr(layer, ours).asnumpy()
            state[f"{layer_name}.num_batches_tracked"] = np.array(7)
        elif isinstance(layer, nn.Conv2d | nn.Conv2dTranspose):
            state[f"{layer_name}.weight"] = layer.weight.asnumpy()
            if layer.has_bias:
                state[f"{layer_name}.bias"] = layer.bias.asnumpy()
    state["m_net.en_conv_bn_relu_5.0.weight"] = np.zeros((128, 128, 3, 3), np.float32)
    state["m_net.en_conv_bn_relu_5.1.running_mean"] = np.zeros(128, np.float32)
    return state


@pytest.fixture
def state(whole_state) -> dict[str, np.ndarray]:
    """One that a test may change."""
    return dict(whole_state)


def assert_weights_of(network: nn.Cell, weights: dict[str, np.ndarray]) -> None:
    """All 355, in the network's order."""
    expected = {parameter.name: parameter.asnumpy() for parameter in network.get_parameters()}
    assert list(weights) == list(expected)
    assert len(expected) == 355
    for name, value in weights.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def run_script(*arguments, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def assert_failed(process: subprocess.CompletedProcess, *parts: str) -> None:
    """With one clear message."""
    assert process.returncode == 1
    assert process.stderr.startswith("error: ")
    assert "Traceback" not in process.stderr
    for part in parts:
        assert part in process.stderr


# Names


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("t_net.feature.head_conv.1.gamma", "t_net.feature.head_conv.1.weight"),
        ("t_net.feature.block_2.0.conv.7.beta", "t_net.feature.block_2.0.conv.7.bias"),
        ("t_net.s5_up_conv.2.moving_mean", "t_net.s5_up_conv.2.running_mean"),
        ("m_net.de_conv_bn_relu_4.1.moving_variance", "m_net.de_conv_bn_relu_4.1.running_var"),
        ("t_net.s5_up_conv.1.bias", "t_net.s5_up_conv.1.bias"),
        ("m_net.deconv_4.weight", "m_net.deconv_4.weight"),
    ],
)
def test_names(ours, theirs):
    assert torch_name(ours) == theirs


def test_all_parameters_are_converted_unchanged(network, state):
    weights, unknown = convert_state_dict(state)
    assert_weights_of(network, weights)
    assert unknown == []


def test_order_of_the_entries_does_not_count(network, state):
    weights, _ = convert_state_dict(dict(reversed(state.items())))
    assert_weights_of(network, weights)


def test_other_number_types_become_float32(state):
    state[WEIGHT] = state[WEIGHT].astype(np.float16)
    weights, _ = convert_state_dict(state)
    assert weights[WEIGHT].dtype == np.float32
    np.testing.assert_array_equal(weights[WEIGHT], state[WEIGHT])


def test_unknown_entries_are_listed(network, state):
    state["t_net.extra.weight"] = np.zeros(3, np.float32)
    state["m_net.conv.bias"] = np.zeros(1, np.float32)
    weights, unknown = convert_state_dict(state)
    assert unknown == ["t_net.extra.weight", "m_net.conv.bias"]
    assert_weights_of(network, weights)


def test_missing_entries_are_named_as_in_the_file(state):
    del state["t_net.s4_fusion.1.running_var"], state["m_net.deconv_2.weight"]
    with pytest.raises(UserError) as error:
        convert_state_dict(state)
    assert "2 of 355" in str(error.value)
    assert "t_net.s4_fusion.1.running_var, m_net.deconv_2.weight" in str(error.value)


def test_a_foreign_state_dict_gets_a_short_message():
    with pytest.raises(UserError, match="355 of 355.*and 345 more") as error:
        convert_state_dict({"fc.weight": np.zeros((2, 2), np.float32)})
    assert len(str(error.value)) < 600


@pytest.mark.parametrize("shape", [(3, 32, 3, 3), (32, 27), ()])
def test_wrong_shapes_are_named(state, shape):
    state[WEIGHT] = np.zeros(shape, np.float32)
    with pytest.raises(UserError) as error:
        convert_state_dict(state)
    assert f"{WEIGHT} is {shape}, not (32, 3, 3, 3)" in str(error.value)


def test_written_checkpoint_has_all_weights_in_order(network, state, tmp_path):
    weights, _ = convert_state_dict(state)
    path, info = tmp_path / "new folder" / "init.ckpt", ModelInfo(size=160, mean=(1, 2, 3.5))
    write_checkpoint(weights, path, info)
    assert_weights_of(network, {k: v.asnumpy() for k, v in ms.load_checkpoint(str(path)).items()})
    assert_weights_of(load_network(path), weights)
    assert read_model_info(path) == info
    assert {entry.name for entry in path.parent.iterdir()} == {"init.ckpt", "init.ckpt.yaml"}


def test_weights_that_cannot_be_written_leave_the_earlier_model_as_it_was(state, tmp_path, monkeypatch):
    weights, _ = convert_state_dict(state)
    path = tmp_path / "init.ckpt"
    write_checkpoint(weights, path, ModelInfo(size=160))
    earlier = path.read_bytes()

    def stop(*_, **__):
        raise KeyboardInterrupt

    for where in ("mindspore.save_checkpoint", "os.fsync"):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(where, stop)
            write_checkpoint(weights, path, ModelInfo(size=320))
        assert path.read_bytes() == earlier and read_model_info(path) == ModelInfo(size=160)
    assert {entry.name for entry in tmp_path.iterdir()} == {"init.ckpt", "init.ckpt.yaml"}


# Files


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def torch_state(torch, state):
    return {name: torch.from_numpy(np.array(value)) for name, value in state.items()}


@pytest.mark.parametrize("form", ["plain", "wrapped", "parallel", "legacy", "parameters"])
def test_forms_of_files(torch, torch_state, network, tmp_path, form):
    content = {
        "plain": torch_state,
        "wrapped": {"epoch": 3, "state_dict": torch_state, "loss": 0.5},
        "parallel": {"state_dict": {f"module.{name}": value for name, value in torch_state.items()}},
        "legacy": torch_state,
        "parameters": {
            name: torch.nn.Parameter(value) if value.is_floating_point() else value
            for name, value in torch_state.items()
        },
    }[form]
    path = tmp_path / "model.pt"
    torch.save(content, path, _use_new_zipfile_serialization=form != "legacy")
    weights, unknown = convert_state_dict(read_torch_state_dict(path))
    assert_weights_of(network, weights)
    assert unknown == []


class Harmful:
    """Runs code where a pickle is trusted."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_a_file_is_not_run(torch, torch_state, tmp_path):
    torch.save({"state_dict": torch_state, "extra": Harmful(tmp_path / "harm")}, tmp_path / "model.pth")
    with pytest.raises(UserError, match=r"model\.pth.*state_dict"):
        read_torch_state_dict(tmp_path / "model.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("fault", ["empty", "text", "truncated", "directory", "legacy truncated"])
def test_damaged_files_are_named(torch, torch_state, tmp_path, fault):
    buffer = io.BytesIO()
    torch.save(torch_state, buffer, _use_new_zipfile_serialization=fault != "legacy truncated")
    content = buffer.getvalue()
    path = tmp_path / "model.pth"
    half = content[: len(content) // 2]
    no_directory = content.replace(b"PK\x01\x02", b"xxxx")  # but its end
    path.write_bytes({"empty": b"", "text": b"no weights", "directory": no_directory}.get(fault, half))
    with pytest.raises(UserError, match=r"model\.pth: is .*damaged"):
        read_torch_state_dict(path)


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": 5}, {"epoch": 3}, 0.5], ids=repr)
def test_files_without_a_state_dict_are_named(torch, tmp_path, content):
    torch.save(content, tmp_path / "model.pth")
    with pytest.raises(UserError, match=r"model\.pth: holds no state dict"):
        read_torch_state_dict(tmp_path / "model.pth")


# Command line


@pytest.fixture
def convert(monkeypatch):
    """The command in this process."""

    def run(*arguments) -> None:
        monkeypatch.setattr("sys.argv", ["get_init_weight.py", *map(str, arguments)])
        main()

    return run


@pytest.mark.skipif(not GOLDEN_FOLDER.is_dir(), reason="the golden files (../shared/golden) are not here")
def test_converted_original_computes_what_the_original_does(torch, tmp_path, convert, capsys):
    convert(GOLDEN_FOLDER / "torch_state_dict.pth", "--output", tmp_path / "converted.ckpt")
    printed = capsys.readouterr().out
    assert "355 parameters" in printed and "unknown" not in printed
    network = load_network(tmp_path / "converted.ckpt")
    with np.load(GOLDEN_FOLDER / "forward.npz") as inputs:
        outputs = network(Tensor(inputs["image"]))
    with np.load(GOLDEN_FOLDER / "torch_forward.npz") as expected:
        for output, name in zip(outputs, ("trimap_logits", "alpha"), strict=True):
            np.testing.assert_allclose(output.asnumpy(), expected[name], rtol=0, atol=1e-4)


def test_command_line(torch, torch_state, network, tmp_path, convert, capsys):
    torch_state["t_net.extra.weight"] = torch.zeros(3)
    torch.save(torch_state, tmp_path / "model.pth")
    convert(tmp_path / "model.pth", "--output", tmp_path / "out.ckpt")
    written, left_out, unknown = capsys.readouterr().out.splitlines()
    assert "out.ckpt" in written and "355 parameters" in written and "3148851 values" in written
    assert "num_batches_tracked" in left_out and "m_net.en_conv_bn_relu_5" in left_out
    assert unknown.endswith(": t_net.extra.weight")
    assert read_model_info(tmp_path / "out.ckpt") == ModelInfo(size=320, mean=ModelInfo().mean)
    weights = load_network(tmp_path / "out.ckpt").parameters_dict()
    assert_weights_of(network, {name: value.asnumpy() for name, value in weights.items()})


def test_half_the_size_loads_as_well(torch, torch_state, tmp_path, convert):
    torch.save(torch_state, tmp_path / "model.pth")
    sizes = []
    for name, flags in (("whole.ckpt", []), ("half.ckpt", ["--half"])):
        info = ["--size", 160, "--mean", 1, 2.5, 255]
        convert(tmp_path / "model.pth", "--output", tmp_path / name, *flags, *info)
        assert read_model_info(tmp_path / name) == ModelInfo(size=160, mean=(1, 2.5, 255))
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes[1] < 0.55 * sizes[0]
    whole, half = (load_network(tmp_path / name).parameters_dict() for name in ("whole.ckpt", "half.ckpt"))
    for name, value in whole.items():
        np.testing.assert_allclose(half[name].asnumpy(), value.asnumpy(), rtol=1e-3, atol=1e-6, err_msg=name)
    torch_state[WEIGHT] = torch.full_like(torch_state[WEIGHT], 1e6)
    torch.save(torch_state, tmp_path / "model.pth")
    with pytest.raises(UserError, match="float16.*--half"):
        convert(tmp_path / "model.pth", "--output", tmp_path / "out.ckpt", "--half")


def test_command_line_names_the_file_that_lacks_weights(torch, torch_state, tmp_path, convert):
    del torch_state[WEIGHT]
    torch.save(torch_state, tmp_path / "model.pth")
    with pytest.raises(UserError) as error:
        convert(tmp_path / "model.pth", "--output", tmp_path / "out.ckpt")
    assert str(tmp_path / "model.pth") in str(error.value) and WEIGHT in str(error.value)
    assert not (tmp_path / "out.ckpt").exists()


def test_without_pytorch_the_error_says_how_to_install_it(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('hidden from this test')")
    (tmp_path / "model.pth").write_bytes(b"PK weights")
    process = run_script(tmp_path / "model.pth", PYTHONPATH=str(tmp_path))
    assert_failed(process, "model.pth", "pip install torch")


def test_a_missing_file_is_named(tmp_path):
    assert_failed(run_script(tmp_path / "absent.pth"), "absent.pth: no such file")


def test_output_must_be_a_checkpoint(tmp_path):
    """Which also keeps the input from being overwritten."""
    path = tmp_path / "model.pth"
    path.write_bytes(b"content")
    assert_failed(run_script(path, "--output", path), "--output", "must end in .ckpt")
    assert path.read_bytes() == b"content"


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--size", 100], ["--size 100", "16"]),
        (["--size", 0], ["--size 0", "16"]),
        (["--mean", 1, 2, 256], ["--mean 1 2 256", "255"]),
        (["--mean", 1, "nan", 2], ["--mean 1 nan 2", "255"]),
        (["--seed", 5], ["--seed: is of random weights"]),
        (["--photos", "photos"], ["--photos", "--encoder"]),
    ],
)
def test_options_that_cannot_be_are_named(monkeypatch, flags, parts):
    monkeypatch.setattr("sys.argv", ["get_init_weight.py", "absent.pth", *map(str, flags)])
    with pytest.raises(UserError) as error:
        main()
    assert all(part in str(error.value) for part in parts)


@pytest.mark.parametrize("sources", [[], ["model.pth", "--encoder", "encoder.pth"]])
def test_one_source_is_needed(monkeypatch, capsys, sources):
    monkeypatch.setattr("sys.argv", ["get_init_weight.py", *sources])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert "MODEL.pth" in message and "--encoder" in message


def test_help_teaches():
    process = run_script("--help")
    assert process.returncode == 0
    for part in (
        "PyTorch",
        "tflite",
        "--encoder",
        "--init_weight",
        "examples:",
        "python src/get_init_weight.py",
        ".ckpt",
    ):
        assert part in process.stdout
