"""The form of a MINDIR for MindSpore Lite on CPU: fewer passes over the maps, and the same results."""

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor, nn, ops

from src.deployment.lowering import lower_file
from src.model.layers import UpsampleTwice
from src.model.modnet.layers import conv_ib_relu
from tests.golden_weights import load_golden_weights, random_image
from tests.runner import read_output, run_runner, write_input
from tests.test_lowering import SIZE, export_cell, read_model

SHAPE = (1, 3, 8, 12)


class Joined(nn.Cell):
    """Two layers with IBNorm; the second one also sees the image."""

    def __init__(self):
        super().__init__()
        self.first, self.second = conv_ib_relu(3, 8, 3), conv_ib_relu(8 + 3, 6, 3)

    def construct(self, x: Tensor) -> Tensor:
        return self.second(ops.concat((self.first(x), x), 1))


class Enlarged(nn.Cell):
    """Convolutions of an enlarged map: to far fewer channels, and to a few less, with a dilation."""

    def __init__(self):
        super().__init__()
        self.narrow = nn.Conv2d(16, 2, 5, pad_mode="pad", padding=2, has_bias=True)
        self.dilated = nn.Conv2d(16, 2, 3, pad_mode="pad", padding=2, dilation=2)
        self.wide = nn.Conv2d(16, 3, 3, pad_mode="pad", padding=1)
        self.up = UpsampleTwice()

    def construct(self, x: Tensor) -> Tensor:
        large = self.up(ops.relu(x))
        return ops.concat((self.narrow(large), self.dilated(large), self.wide(large)), 1)


@pytest.fixture
def cell() -> nn.Cell:
    cell = Joined()
    load_golden_weights(cell)
    return cell.set_train(False)


def operators(path) -> list[str]:
    model = read_model(path)
    kind = {primitive.name: primitive.op_type for primitive in model.primitives}
    return [kind.get(node.op_type.removeprefix("REF::"), node.op_type) for node in model.graph.node]


def test_normalisation_is_one_operator_and_computes_the_same(runner, cell, tmp_path):
    """Also if the file is converted again."""
    image = 4 * random_image(*SHAPE)
    write_input(tmp_path / "in", "x", image)
    expected = cell(Tensor(image)).asnumpy()
    assert (expected > 0.1).any(axis=(0, 2, 3)).all()
    source = export_cell(cell, image, tmp_path)
    for name in ("once", "twice"):
        lower_file(source, tmp_path / f"{name}.mindir", for_cpu=True)
        result = run_runner(tmp_path / f"{name}.mindir", tmp_path / "in", tmp_path / name)
        assert result.returncode == 0, result.stderr
        found = read_output(tmp_path / name, "x_0", expected.shape)
        np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-5)
        kinds = operators(tmp_path / f"{name}.mindir")
        assert kinds.count("InstanceNorm") == 2 and not {"ReduceMean", "Square"} & {*kinds}
        assert kinds.count("Conv2D") == 3  # of which one hands on the image, channels last
        source = tmp_path / "once.mindir"


def test_few_channels_of_an_enlarged_map_are_computed_at_its_small_size(runner, tmp_path):
    """Also at the borders; the map is no square."""
    cell, image = Enlarged(), random_image(1, 16, 4, 6)
    load_golden_weights(cell)
    expected = cell.set_train(False)(Tensor(image)).asnumpy()
    lower_file(export_cell(cell, image, tmp_path), tmp_path / "lowered.mindir", for_cpu=True)
    write_input(tmp_path / "in", "x", image)
    result = run_runner(tmp_path / "lowered.mindir", tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    found = read_output(tmp_path / "out", "x_0", expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max(), rtol=1e-5)
    kinds = operators(tmp_path / "lowered.mindir")
    assert kinds.count("Resize") == 1 and "ResizeNearestNeighbor" not in kinds
    assert kinds.count("BatchMatMul") == 2  # of one convolution
    graph = read_model(tmp_path / "lowered.mindir").graph
    assert {each.name for each in graph.parameter} <= {name for node in graph.node for name in node.input}


def test_a_network_without_ib_norm_computes_the_same(runner, golden_mindir, lowered_mindir, tmp_path):
    lower_file(golden_mindir, tmp_path / "network.mindir", for_cpu=True)
    assert "InstanceNorm" not in operators(tmp_path / "network.mindir")
    write_input(tmp_path / "in", "x", random_image(1, 3, SIZE, SIZE))
    for model, name in ((tmp_path / "network.mindir", "found"), (lowered_mindir, "expected")):
        assert run_runner(model, tmp_path / "in", tmp_path / name).returncode == 0
    found, expected = (
        read_output(tmp_path / name, "x_1", (1, 1, SIZE, SIZE)) for name in ("found", "expected")
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
