"""Weights of PSPNet from elsewhere: the published checkpoint and torchvision's ResNet-50."""

import sys

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.conversion.pspnet import convert_state_dict, original_name, take_backbone
from src.description.model_info import ModelInfo, read_model_info
from src.get_init_weight import main
from src.model.pspnet.network import PSPNet
from src.model.weights import load_weights, read_arrays
from tests import pspnet_golden as golden
from tests.golden_weights import golden_value
from tests.pspnet_golden import needs_golden_files
from tests.thin_network import make_pspnet_thin

MEAN = (114, 121, 134)


@pytest.fixture(autouse=True)
def thin(monkeypatch) -> None:
    make_pspnet_thin(monkeypatch)


@pytest.fixture
def state() -> dict[str, np.ndarray]:
    """As published, with counters."""
    values = {each.name: golden_value(each.name, each.shape) for each in PSPNet().get_parameters()}
    weights = {f"backbone.{original_name(name)}": value for name, value in values.items()}
    means = [name for name in weights if name.endswith(".running_mean")]
    return weights | {name.replace("running_mean", "num_batches_tracked"): np.array(7) for name in means}


def resnet_of(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Torchvision's names, with its classifier."""
    start = "backbone.feats."
    weights = {name.removeprefix(start): value for name, value in state.items() if name.startswith(start)}
    return weights | {"fc.weight": np.zeros((10, 16), np.float32), "fc.bias": np.zeros(10, np.float32)}


def convert(monkeypatch, *arguments: object) -> None:
    """Run get_init_weight.py where PyTorch cannot be imported."""
    command = ["get_init_weight.py", "--system", "pspnet", *map(str, arguments)]
    with monkeypatch.context() as patch:
        patch.setattr("sys.argv", command)
        patch.setitem(sys.modules, "torch", None)
        assert main() == 0


@needs_golden_files
def test_all_names():
    rows = golden.table()
    expected = {row["mindspore"]: row["pytorch"] for row in rows}
    assert {name: f"backbone.{original_name(name)}" for name in expected} == expected


def test_the_published_checkpoint_converts_without_pytorch(state, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    tensors = {f"module.{name}": torch.from_numpy(np.array(value)) for name, value in state.items()}
    moments = {0: {"step": 3, "exp_avg": torch.ones(3)}}
    optimizer = {"state": moments, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999), "params": [0]}]}
    torch.save({"epoch": 18, "model": tensors, "optimizer": optimizer}, tmp_path / "pspnet.pth")
    output = tmp_path / "out.ckpt"
    convert(monkeypatch, tmp_path / "pspnet.pth", "--output", output)
    assert read_model_info(output) == ModelInfo(system="pspnet", size=400, mean=MEAN)
    network = PSPNet()
    load_weights(network, output)
    for each in network.get_parameters():
        published = state[f"backbone.{original_name(each.name)}"]
        if each.name.startswith("final."):
            published = published[[0, 2, 1]]
        np.testing.assert_array_equal(each.asnumpy(), published, err_msg=each.name)


def test_the_backbone_is_that_of_torchvision_as_it_is_published(state, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    resnet = resnet_of(state)
    torch.save({name: torch.from_numpy(np.array(each)) for name, each in resnet.items()}, tmp_path / "r.pth")
    output = tmp_path / "out.ckpt"
    convert(monkeypatch, "--encoder", tmp_path / "r.pth", "--as_published", "--output", output, "--size", 200)
    assert read_model_info(output).size == 200
    weights = read_arrays(output)
    for name, value in weights.items():
        if name.startswith("feats."):
            expected = resnet[original_name(name.removeprefix("feats."))]
            np.testing.assert_array_equal(value, expected, err_msg=name)
    bound = (9 * 8) ** -0.5  # of random weights
    assert 0.9 * bound < np.abs(weights["up_1.conv.0.weight"]).max() <= bound


def test_the_first_convolution_is_adapted_to_the_input(state):
    """Where all of it lies in the picture, it gives what the original gives, less the running mean."""
    resnet = resnet_of(state)
    adapted = take_backbone(resnet, MEAN)
    rgb = np.random.default_rng(0).uniform(0, 1, (3, 7, 7))
    theirs = (rgb - np.reshape((0.485, 0.456, 0.406), (3, 1, 1))) / np.reshape(
        (0.229, 0.224, 0.225), (3, 1, 1)
    )
    ours = (255 * rgb[::-1] - np.reshape(MEAN, (3, 1, 1))) / 255
    expected = (resnet["conv1.weight"] * theirs).sum((1, 2, 3)) - resnet["bn1.running_mean"]
    found = (adapted["feats.conv1.weight"] * ours).sum((1, 2, 3)) - adapted["feats.bn1.moving_mean"]
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(found, expected, atol=1e-4)
    others = [name for name in adapted if name not in ("feats.conv1.weight", "feats.bn1.moving_mean")]
    for name in others:
        np.testing.assert_array_equal(adapted[name], resnet[original_name(name.removeprefix("feats."))])


def test_missing_surplus_and_misshaped_weights_are_named(state):
    name = "backbone.feats.layer4.1.conv2.weight"
    without = {each: value for each, value in state.items() if each != name}
    with pytest.raises(UserError, match=rf"missing 1 of \d+: {name}"):
        convert_state_dict(without)
    with pytest.raises(UserError, match=r"lacks: backbone\.aux\.weight"):
        convert_state_dict({**state, "backbone.aux.weight": state[name]})
    with pytest.raises(UserError, match=rf"{name} is \(4, 4, 3, 2\), not \(4, 4, 3, 3\)"):
        convert_state_dict({**state, name: state[name][..., :2]})
    resnet = resnet_of(state)
    del resnet["bn1.weight"]
    with pytest.raises(UserError, match=r"missing 1 of \d+: bn1\.weight"):
        take_backbone(resnet, None)


def test_as_published_is_for_the_backbone_alone(tmp_path, monkeypatch):
    for arguments in (["--system", "pspnet", "x.pth"], ["--encoder", "x.pth"]):
        monkeypatch.setattr("sys.argv", ["get_init_weight.py", *arguments, "--as_published"])
        with pytest.raises(UserError, match="--as_published.* pspnet"):
            main()
