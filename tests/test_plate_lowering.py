"""Lowering of Background Matting V2: the runner's runtime refines the cells that MindSpore refines."""

from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn, ops

from src.deployment.lowering import lower_file
from src.deployment.mindir_graph import MindirGraph
from src.model.background_matting.network import MatteNetwork
from src.model.background_matting.refiner import SamplingRefiner
from src.model.initialisation import initialise
from tests.golden_weights import random_image
from tests.runner import read_output, run_runner, write_input
from tests.test_lowering import read_model
from tests.test_lowering_for_cpu import operators
from tests.thin_network import make_background_matting_thin


class PhotoAndPlate(nn.Cell):
    """One input for two: (1, 6, H, W)."""

    def __init__(self, network: nn.Cell):
        super().__init__()
        self.network = network

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        x = ops.relu(x)
        return self.network(x[:, :3], x[:, 3:])


def axes_of_gathering(path: Path) -> list[int]:
    graph = MindirGraph(read_model(path))
    gathering = [node for node in graph.model.graph.node if graph.operator(node) == "Gather"]
    return [graph.constants[node.input[2]].i for node in gathering]


@pytest.mark.parametrize("for_cpu", [False, True])
def test_sampled_cells_are_refined_alike_in_the_runtime(runner, tmp_path, monkeypatch, for_cpu):
    make_background_matting_thin(monkeypatch)
    network = MatteNetwork("mobilenetv2", SamplingRefiner(1600))
    initialise(network, 2)
    for conv in (network.decoder.conv4, network.refiner.conv4):  # alpha neither 0 nor 1 everywhere
        conv.bias.set_data(conv.bias * 0 + 0.5)
    network = PhotoAndPlate(network)
    image = np.abs(random_image(1, 6, 128, 192))
    path = tmp_path / "network.mindir"
    ms.export(network.set_train(False), Tensor(image), file_name=str(path), file_format="MINDIR")
    expected = network(Tensor(image))
    lower_file(path, tmp_path / "lowered.mindir", for_cpu=for_cpu)
    write_input(tmp_path / "in", "x", image)
    result = run_runner(tmp_path / "lowered.mindir", tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    for number, wanted in enumerate(expected):
        found = read_output(tmp_path / "out", f"x_{number}", wanted.shape)
        np.testing.assert_allclose(found, wanted.asnumpy(), atol=2e-5)
        assert np.ptp(found) > 0.01
    kinds = operators(tmp_path / "lowered.mindir")
    assert ("Resize" in kinds) == for_cpu  # bilinear enlarging
    assert kinds.count("Tile") == (3 if for_cpu else 4)  # the refiner's features are repeated otherwise
    axes = axes_of_gathering(tmp_path / "lowered.mindir")  # of the half-size map, and of photo and plate
    assert axes == ([0, 1] if for_cpu else [0, 0])
