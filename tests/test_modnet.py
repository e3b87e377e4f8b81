"""MODNet's network: numbers against the original, names and sizes, IBNorm, float16."""

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn, ops

from src.model.folding import fold_batch_norms
from src.model.modnet.ib_norm import IBNorm, instance_moments
from src.model.modnet.layers import shrink
from src.model.modnet.network import MatteNet, MODNet, predict
from src.training.precision import mixed_precision_parts
from tests import modnet_golden
from tests.modnet_golden import TOLERANCE, needs_golden_files, normalised

OUTPUTS = ("semantic", "detail", "matte")
VALUES = {3: 6_521_907, 4: 6_523_491}
LARGEST_FLOAT16_MAD = 1e-3


def network_of(cell: type[nn.Cell], channels: int) -> nn.Cell:
    network = cell(channels).set_train(False)
    modnet_golden.load_golden_weights(network, channels)
    return network


@needs_golden_files
def test_outputs_with_three_channels_equal_the_original():
    network, golden = network_of(MODNet, 3), modnet_golden.read("forward_3.npz")
    for name, output in zip(OUTPUTS, network(Tensor(normalised(golden["image"]))), strict=True):
        np.testing.assert_allclose(output.asnumpy(), golden[name], atol=TOLERANCE, err_msg=name)


@needs_golden_files
def test_outputs_with_four_channels_equal_the_original_also_with_folded_norms():
    network, golden = network_of(MODNet, 4), modnet_golden.read("forward_4.npz")
    x = np.concatenate([normalised(golden["image"]), golden["previous"].astype(np.float32) / 255], 1)
    fold_batch_norms(network)
    for name, output in zip(OUTPUTS, network(Tensor(x)), strict=True):
        np.testing.assert_allclose(output.asnumpy(), golden[name], atol=TOLERANCE, err_msg=name)


@needs_golden_files
@pytest.mark.parametrize("channels", [3, 4])
def test_names_shapes_and_number_of_values(channels):
    parameters = {each.name: each for each in MODNet(channels).get_parameters()}
    expected = {row["mindspore_name"]: row[f"shape_{channels}"] for row in modnet_golden.table()}
    assert {name: "x".join(map(str, each.shape)) for name, each in parameters.items()} == expected
    assert sum(each.size for each in parameters.values()) == VALUES[channels]
    assert {each.name for each in MatteNet(channels).get_parameters()} == {
        name for name in expected if not name.startswith(("lr_branch.semantic", "hr_branch.detail"))
    }


@pytest.mark.parametrize("size", [(48, 64), (64, 80)])
def test_sizes_that_are_no_multiple_of_32(size):
    with pytest.raises(ValueError, match=f"multiples of 32, but the image is {size[0]}x{size[1]}"):
        MatteNet()(Tensor(np.zeros((1, 3, *size), np.float32)))


@pytest.mark.parametrize("factor", [2, 4, 16])
def test_shrinking_is_bilinear_and_has_its_gradient(factor):
    rng = np.random.default_rng(0)
    x = Tensor(rng.random((2, 3, 32, 48), np.float32))
    size = (32 // factor, 48 // factor)
    weight = Tensor(rng.random((2, 3, *size), np.float32))

    def bilinear(x):
        return ops.interpolate(x, size=size, mode="bilinear", align_corners=False)

    np.testing.assert_allclose(shrink(x, factor).asnumpy(), bilinear(x).asnumpy(), atol=1e-6)
    gradients = [
        ms.grad(lambda x, by=by: (by(x) * weight).sum())(x).asnumpy() for by in (bilinear, _by(factor))
    ]
    np.testing.assert_allclose(*gradients, atol=1e-6)


def _by(factor: int):
    return lambda x: shrink(x, factor)


@pytest.fixture
def norm() -> IBNorm:
    """With values of its own everywhere."""
    norm, rng = IBNorm(6), np.random.default_rng(1)
    for parameter in norm.get_parameters():
        parameter.set_data(Tensor(rng.uniform(0.5, 1.5, 3).astype(np.float32)))
    return norm


def expected_norm(norm: IBNorm, x: np.ndarray, trains: bool) -> np.ndarray:
    x = x.astype(np.float64)
    mean, variance, gamma, beta = (
        each.asnumpy().reshape(1, 3, 1, 1)
        for each in (norm.moving_mean, norm.moving_variance, norm.gamma, norm.beta)
    )
    first, second = x[:, :3], x[:, 3:]
    if trains:
        mean, variance = (f(first, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.var))
    centred = second - second.mean((2, 3), keepdims=True)
    return np.concatenate(
        [
            (first - mean) / np.sqrt(variance + 1e-5) * gamma + beta,
            centred / np.sqrt(second.var((2, 3), keepdims=True) + 1e-5),
        ],
        axis=1,
    )


@pytest.mark.parametrize("trains", [True, False])
def test_ib_norm(norm, trains):
    x = np.random.default_rng(2).normal(3, 2, (2, 6, 5, 7)).astype(np.float32)
    expected = expected_norm(norm, x, trains)
    before = norm.moving_mean.asnumpy().copy()
    y = norm.set_train(trains)(Tensor(x)).asnumpy()
    np.testing.assert_allclose(y, expected, atol=2e-5)
    moved = 0.9 * before + 0.1 * x[:, :3].mean((0, 2, 3)) if trains else before
    np.testing.assert_allclose(norm.moving_mean.asnumpy(), moved, rtol=1e-5)


def test_moments_of_a_large_map_far_from_zero():
    """The sum of the map and the mean of its squares would not do."""
    x = np.random.default_rng(3).normal(100, 0.01, (1, 1, 512, 512)).astype(np.float32)
    mean, variance = (each.asnumpy() for each in instance_moments(Tensor(x)))
    np.testing.assert_allclose(mean, x.mean(dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(variance, x.var(dtype=np.float64), rtol=1e-3)


@needs_golden_files
def test_mixed_precision_stays_near_float32():
    network, golden = network_of(MODNet, 3), modnet_golden.read("forward_3.npz")
    parts = mixed_precision_parts(network, "O2")
    outputs = predict(parts, Tensor(normalised(golden["image"])))
    for name, output in zip(OUTPUTS, outputs, strict=True):
        assert output.dtype == ms.float32
        difference = np.abs(output.asnumpy() - golden[name]).mean()
        assert 0 < difference < LARGEST_FLOAT16_MAD, name
