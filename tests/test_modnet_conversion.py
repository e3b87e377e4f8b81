"""MODNet's weights from elsewhere: published files, the fourth channel, encoders."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor

from src.common.errors import UserError
from src.conversion.modnet import convert_state_dict, original_name, take_encoder, with_channels
from src.conversion.torch_archive import ArchiveError, read_archive
from src.description.model_info import ModelInfo, read_model_info
from src.model.modnet.network import MatteNet, MODNet
from src.model.network import SHMNet
from src.model.weights import load_weights, save_parameters
from tests import modnet_golden
from tests.conversion_command import convert_without_torch
from tests.modnet_golden import needs_golden_files


@pytest.fixture(scope="module")
def state() -> dict[str, np.ndarray]:
    """As the published files are: with the backbone twice, and counters."""
    weights = modnet_golden.golden_weights(3)
    backbone = {name: value for name, value in weights.items() if name.startswith("backbone.")}
    norms = [name.removesuffix("running_mean") for name in weights if name.endswith(".running_mean")]
    counters = {f"{norm}num_batches_tracked": np.array(7) for norm in norms}
    return weights | {f"lr_branch.{name}": value for name, value in backbone.items()} | counters


@needs_golden_files
def test_all_names():
    for row in modnet_golden.table():
        assert original_name(row["mindspore_name"]) == row["pytorch_name"]


@needs_golden_files
def test_a_published_file_converts_without_pytorch(state, tmp_path):
    torch = pytest.importorskip("torch")
    tensors = {f"module.{name}": torch.from_numpy(np.array(value)) for name, value in state.items()}
    torch.save(tensors, tmp_path / "modnet.ckpt")
    printed = convert_without_torch(
        tmp_path, tmp_path / "modnet.ckpt", "--system", "modnet", "--output", "out.ckpt"
    )
    assert "370 parameters, 6521907 values" in printed
    assert read_model_info(tmp_path / "out.ckpt") == ModelInfo(system="modnet", size=512)
    network, expected = MODNet(3), modnet_golden.golden_weights(3)
    load_weights(network, tmp_path / "out.ckpt")
    for each in network.get_parameters():
        np.testing.assert_array_equal(each.asnumpy(), expected[original_name(each.name)], err_msg=each.name)


@needs_golden_files
def test_backbones_that_differ_and_unknown_weights_are_errors(state):
    name = "lr_branch.backbone.model.features.3.conv.3.weight"
    with pytest.raises(UserError, match=name):
        convert_state_dict({**state, name: state[name] + 1}, 3)
    with pytest.raises(UserError, match="lr_branch.more"):
        convert_state_dict({**state, "lr_branch.more": state[name]}, 3)


@needs_golden_files
def test_the_fourth_channel_changes_nothing(state):
    three, four = MatteNet(3).set_train(False), MatteNet(4).set_train(False)
    for network, channels in ((three, 3), (four, 4)):
        weights = convert_state_dict(state, channels)
        for each in network.get_parameters():
            each.set_data(Tensor(weights[each.name]))
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (1, 3, 64, 64)).astype(np.float32)
    previous = rng.random((1, 1, 64, 64), np.float32)
    expected = three(Tensor(x)).asnumpy()
    found = four(Tensor(np.concatenate([x, previous], 1))).asnumpy()
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_the_fourth_channel_is_taken_away():
    """What is left computes what the whole network does with an empty alpha of the frame before."""
    weights = {each.name: each.asnumpy() for each in MODNet(4).get_parameters()}
    four, three = MatteNet(4).set_train(False), MatteNet(3).set_train(False)
    for network, found in ((four, weights), (three, with_channels(weights, 3))):
        for each in network.get_parameters():
            each.set_data(Tensor(found[each.name]))
    x = np.random.default_rng(0).uniform(-1, 1, (1, 3, 64, 64)).astype(np.float32)
    expected = four(Tensor(np.concatenate([x, np.zeros((1, 1, 64, 64), np.float32)], 1))).asnumpy()
    np.testing.assert_allclose(three(Tensor(x)).asnumpy(), expected, atol=2e-6)
    assert expected.std() > 1e-4
    del weights["backbone.stem.conv.weight"]
    with pytest.raises(UserError, match="3 channels"):
        with_channels(weights, 3)


def test_the_encoder_of_t_net():
    source = {each.name: each.asnumpy() for each in SHMNet().get_parameters()}
    taken = take_encoder(source, 4)
    assert len(taken) == 240
    shapes = {each.name: tuple(each.shape) for each in MODNet(4).get_parameters()}
    assert all(shapes[name] == value.shape for name, value in taken.items())
    for ours, theirs in (
        ("backbone.block_2.expand.conv.weight", "t_net.feature.block_2.0.conv.0.weight"),
        ("backbone.block_13.project.norm.gamma", "t_net.feature.block_5.2.conv.7.gamma"),
        ("backbone.block_17.depthwise.norm.moving_mean", "t_net.feature.block_7.conv.4.moving_mean"),
    ):
        assert taken[ours] is source[theirs] or np.array_equal(taken[ours], source[theirs])


@needs_golden_files
def test_a_published_backbone_alone(state):
    prefix = "backbone.model."
    alone = {name.removeprefix(prefix): each for name, each in state.items() if name.startswith(prefix)}
    taken = take_encoder(alone, 4)
    assert len(taken) == 5 * 52
    assert taken["backbone.stem.conv.weight"].shape == (32, 4, 3, 3)
    assert not taken["backbone.stem.conv.weight"][:, 3].any()


def test_a_checkpoint_gets_a_fourth_channel_on_the_command_line(tmp_path, monkeypatch, capsys):
    from src.get_init_weight import main

    save_parameters(MODNet(3), tmp_path / "three.ckpt")
    flags = ["--system", "modnet_video", "--size", "256", "--output", str(tmp_path / "four.ckpt")]
    monkeypatch.setattr("sys.argv", ["get_init_weight.py", str(tmp_path / "three.ckpt"), *flags])
    assert main() == 0
    assert "6523491 values" in capsys.readouterr().out
    load_weights(MODNet(4), tmp_path / "four.ckpt")
    assert read_model_info(tmp_path / "four.ckpt") == ModelInfo(system="modnet_video", size=256)


# Archives


class Harmful:
    """Runs code where a pickle is trusted."""

    def __init__(self, call, *arguments):
        self.call = call, arguments

    def __reduce__(self):
        return self.call


def test_code_in_an_archive_is_not_run(tmp_path):
    import pickle

    for number, harm in enumerate(
        (Harmful(Path.touch, tmp_path / "harm"), Harmful(exec, f"open({str(tmp_path / 'harm')!r}, 'w')"))
    ):
        path = tmp_path / f"{number}.pth"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model/data.pkl", pickle.dumps({"weight": harm}, protocol=2))
        with pytest.raises(ArchiveError, match="no part of a state dict"):
            read_archive(path)
    assert not (tmp_path / "harm").exists()


def test_tensors_of_all_kinds_and_layouts(tmp_path):
    torch = pytest.importorskip("torch")
    whole = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    content = {
        "transposed": whole.transpose(0, 2),
        "part": whole[1, 1:, ::2],
        "scalar": torch.tensor(7),
        "empty": torch.zeros(0, 3),
        "half": whole.half(),
        "bfloat16": whole.bfloat16(),
        "double": whole.double(),
        "bool": whole > 5,
        "parameter": torch.nn.Parameter(whole),
    }
    torch.save(content, tmp_path / "model.pth")
    found = read_archive(tmp_path / "model.pth")
    assert found.keys() == content.keys()
    for name, tensor in content.items():
        np.testing.assert_array_equal(found[name], tensor.detach().float().numpy(), err_msg=name)


def test_a_tensor_larger_than_its_numbers_is_refused(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"weight": torch.zeros(100)}, tmp_path / "model.pth")
    with (
        zipfile.ZipFile(tmp_path / "model.pth") as archive,
        zipfile.ZipFile(tmp_path / "cut.pth", "w") as cut,
    ):
        for name in archive.namelist():
            content = archive.read(name)
            cut.writestr(name, content[:40] if name.endswith("data/0") else content)
    with pytest.raises(ArchiveError):
        read_archive(tmp_path / "cut.pth")
