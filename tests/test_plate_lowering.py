"""Lowering of Background Matting V2: the runner's runtime refines the cells that MindSpore refines."""

from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn, ops

from src.deployment.lowering import lower_file
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


ALL = 100_000


def map_shapes(path: Path) -> list[list[int]]:
    shapes = [
        list(node.attribute[0].tensors[0].dims)
        for node in read_model(path).graph.node
        if node.attribute and node.attribute[0].tensors
    ]
    return [shape for shape in shapes if len(shape) == 4]


@pytest.mark.parametrize(
    ("for_cpu", "scale", "pixels"),
    [(False, 0.25, 1600), (True, 0.5, 1600), (True, 0.25, 1600), (True, 0.25, ALL), (True, 0.125, ALL)],
)
def test_sampled_cells_are_refined_alike_in_the_runtime(
    runner, tmp_path, monkeypatch, for_cpu, scale, pixels
):
    """Those at the borders as well, and those that are not taken, since no error is expected in them."""
    make_background_matting_thin(monkeypatch)
    network = MatteNetwork("mobilenetv2", SamplingRefiner(pixels), scale)
    initialise(network, 2)
    for conv in (network.decoder.conv4, network.refiner.conv4):  # alpha neither 0 nor 1 everywhere
        bias = np.full(conv.bias.shape, 0.5, np.float32)
        bias[4:5] = 0  # of the expected error, which is then 0 in part
        conv.bias.set_data(Tensor(bias))
    network = PhotoAndPlate(network)
    image = np.abs(random_image(1, 6, 256, 256))
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
    assert kinds.count("Select") == (not for_cpu)  # cells are added to the coarse matte
    assert for_cpu == ("BatchMatMul" in kinds)  # windows are computed of what was copied
    sides = [shape[2:] for shape in map_shapes(tmp_path / "lowered.mindir") if shape[1] > 6]
    assert ([128, 128] in sides) == (not for_cpu or scale == 0.5)  # the maps of half size
