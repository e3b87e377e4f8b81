"""Weights of Background Matting V2 from elsewhere: the authors' files and those of DeepLabV3."""

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.conversion.background_matting import (
    STEM,
    convert_deeplab,
    convert_state_dict,
    original_names,
    require_backbone,
)
from src.description.model_info import ModelInfo, read_model_info
from src.engines.engine import open_engine
from src.get_init_weight import main
from src.model.background_matting.network import RefineNetwork
from src.model.weights import load_weights, read_arrays
from tests import background_matting_golden as golden
from tests.background_matting_golden import needs_golden_files
from tests.conversion_command import convert_without_torch


@pytest.fixture(scope="module")
def initial() -> dict[str, np.ndarray]:
    """A whole network of the smallest backbone, by our names."""
    return {each.name: each.asnumpy() for each in RefineNetwork("mobilenetv2").get_parameters()}


@pytest.fixture
def state() -> dict[str, np.ndarray]:
    """As the authors publish it, with counters."""
    weights = dict(golden.golden_weights("mobilenetv2"))
    means = [name for name in weights if name.endswith(".running_mean")]
    counters = {name.replace("running_mean", "num_batches_tracked"): np.array(7) for name in means}
    return weights | counters


def deeplab_of(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The names of DeepLabV3Plus-Pytorch, with three input channels and a head of its own."""
    found = {}
    for name, value in weights.items():
        part, _, rest = name.partition(".")
        if part == "aspp":
            found[f"classifier.classifier.0.{rest}"] = value
        elif name.startswith("backbone.features."):
            _, _, number, *more = name.split(".")
            low = int(number) < 4
            place = f"low_level_features.{number}" if low else f"high_level_features.{int(number) - 4}"
            found[".".join(["backbone", place, *more])] = value
        elif part == "backbone":
            found[name] = value
    for stem in ("backbone.low_level_features.0.0.weight", "backbone.conv1.weight"):
        if stem in found:
            found[stem] = found[stem][:, :3]
    found["classifier.classifier.1.weight"] = np.zeros((256, 256, 3, 3), np.float32)
    found["classifier.classifier.4.bias"] = np.zeros(21, np.float32)
    return found


@needs_golden_files
@pytest.mark.parametrize("backbone", ["mobilenetv2", "resnet50"])
def test_all_names(backbone):
    rows = golden.rows_of(f"parameters_{backbone}.tsv")
    expected = {row["name"]: row["torch_name"] for row in rows}
    assert original_names(expected) == expected


@needs_golden_files
def test_an_authors_file_converts_without_pytorch(state, tmp_path):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
    torch.save(tensors, tmp_path / "pytorch_mobilenetv2.pth")
    printed = convert_without_torch(tmp_path, "pytorch_mobilenetv2.pth", "--system", "background_matting")
    assert "5042047 values" in printed
    assert "random" not in printed
    path = tmp_path / "init_weight.ckpt"
    assert read_model_info(path) == ModelInfo(system="background_matting", size=512)
    network = RefineNetwork("mobilenetv2")
    load_weights(network, path)
    names = original_names(each.name for each in network.get_parameters())
    for each in network.get_parameters():
        np.testing.assert_array_equal(each.asnumpy(), state[names[each.name]], err_msg=each.name)

    with pytest.raises(UserError, match=r"init_weight.ckpt.*background_matting.*plate"):
        open_engine(path)


@needs_golden_files
def test_a_base_network_leaves_the_refiner_as_it_is(state, initial):
    base = {name: value for name, value in state.items() if not name.startswith("refiner.")}
    taken = convert_state_dict(base, initial)
    assert set(taken) == {name for name in initial if not name.startswith("refiner.")}


@needs_golden_files
def test_missing_surplus_and_misshaped_weights_are_named(state, initial):
    name = "backbone.features.7.conv.1.0.weight"
    without = {each: value for each, value in state.items() if each not in (name, "refiner.bn2.bias")}
    with pytest.raises(UserError, match=rf"missing 2 of \d+: {name}, refiner.bn2.bias"):
        convert_state_dict(without, initial)
    with pytest.raises(UserError, match=r"lacks: refiner\.conv5\.weight"):
        convert_state_dict({**state, "refiner.conv5.weight": state[name]}, initial)
    with pytest.raises(UserError, match=rf"{name} is \(192, 1, 3, 2\), not \(192, 1, 3, 3\)"):
        convert_state_dict({**state, name: state[name][..., :2]}, initial)


@needs_golden_files
def test_another_backbone_is_named(state):
    with pytest.raises(UserError, match=r"backbone mobilenetv2; .* --system background_matting$"):
        require_backbone(state, "background_matting_resnet50")
    resnet = golden.rows_of("parameters_resnet50.tsv")
    with pytest.raises(UserError, match=r"resnet50; .* --system background_matting_resnet50"):
        require_backbone([row["torch_name"] for row in resnet], "background_matting_resnet101")
    with pytest.raises(UserError, match="no backbone"):
        require_backbone(["t_net.weight"], "background_matting")


@needs_golden_files
def test_backbone_and_aspp_of_a_deeplab_on_the_command_line(state, tmp_path, monkeypatch, capsys):
    torch = pytest.importorskip("torch")
    deeplab = deeplab_of(golden.golden_weights("mobilenetv2"))
    content = {
        "cur_itrs": 30000,
        "model_state": {name: torch.from_numpy(np.array(value)) for name, value in deeplab.items()},
        "optimizer_state": {"state": {0: {"momentum_buffer": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]},
        "best_score": np.float64(0.7),
    }
    torch.save(content, tmp_path / "deeplab.pth")
    output = tmp_path / "out.ckpt"
    flags = ["--system", "background_matting", "--seed", "4", "--output", str(output)]
    monkeypatch.setattr(
        "sys.argv", ["get_init_weight.py", "--encoder", str(tmp_path / "deeplab.pth"), *flags]
    )
    assert main() == 0
    weights, names = read_arrays(output), original_names(read_arrays(output))
    kept = [name for name in weights if name.startswith(("backbone.", "aspp.")) and name != STEM]
    for name in kept:
        np.testing.assert_array_equal(weights[name], state[names[name]], err_msg=name)
    assert f"{len(kept)} parameters are those of" in capsys.readouterr().out
    for name in (STEM, "decoder.conv1.weight", "refiner.conv1.weight"):
        bound = np.prod(weights[name].shape[1:]) ** -0.5
        assert 0.9 * bound < np.abs(weights[name]).max() <= bound * (1 + 1e-6), name


@needs_golden_files
def test_a_deeplab_with_a_resnet():
    rows = golden.rows_of("parameters_resnet50.tsv")
    shapes = {row["torch_name"]: tuple(map(int, row["shape"].split("x"))) for row in rows}
    state = deeplab_of({name: np.zeros(shape, np.float32) for name, shape in shapes.items()})
    initial = {row["name"]: np.zeros(shapes[row["torch_name"]], np.float32) for row in rows}
    taken = convert_deeplab(state, initial)
    assert set(taken) == {name for name in initial if name.startswith(("backbone.", "aspp."))} - {STEM}
    with pytest.raises(UserError, match=r"lacks: backbone\.fc\.weight"):
        convert_deeplab({**state, "backbone.fc.weight": np.zeros(3, np.float32)}, initial)
