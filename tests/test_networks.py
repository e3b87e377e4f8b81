"""The networks: numbers against references, names and sizes, single layers, first weights."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn, ops

from src.load_model import load_network
from src.loss import end_to_end_loss, m_net_loss, t_net_loss
from src.model.backbones.mobilenet_v2 import InvertedResidual
from src.model.folding import fold_batch_norms
from src.model.initialisation import initialise
from src.model.m_net import ConvToAlpha, MaxPoolHalf, MNet, deconv_x2
from src.model.network import SHMNet, fuse
from src.model.t_net import TNet, UpsampleTwice
from tests.golden_weights import GOLDEN_FOLDER, golden_value, load_golden_weights, random_image, sample

# For the input random_image(1, 3, 64, 96) and the golden weights, as a PyTorch twin of the network computes
# them; printed by: python -m tests.torch_golden
SAMPLED_LOGITS = """
    -0.248702,  0.335375,  0.371109,  0.305838,  0.209953, -0.935296, -0.176368,
    -0.611001, -0.201141, -0.771645, -0.630971, -0.991324, -1.323121, -0.059575,
    -1.375054, -0.702092, -1.005711, -0.363284,  0.024709,  0.275138, -0.976431,
    -0.316317, -1.488834, -1.096006, -1.027644, -1.027695, -0.418922, -0.984281,
    -0.834613, -0.119068
"""
SAMPLED_ALPHA = """
    0.365406, 0.286252, 0.204746, 0.172557, 0.181932, 0.314025, 0.164342, 0.177041,
    0.158669, 0.143343, 0.453476, 0.192038, 0.174198, 0.127651, 0.158083, 0.380287,
    0.318999, 0.275194, 0.352234, 0.219311, 0.483795, 0.404048, 0.392761, 0.42185 ,
    0.295069, 0.487027, 0.518511, 0.653323, 0.604923, 0.368823
"""
TOLERANCE = 1e-4
VALUES = 3_148_851

needs_golden_files = pytest.mark.skipif(
    not GOLDEN_FOLDER.is_dir(), reason="the golden files (../shared/golden) are not here"
)
maps = st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))


def compute(network: nn.Cell, *inputs: np.ndarray) -> list[np.ndarray]:
    outputs = network(*map(Tensor, inputs))
    return [output.asnumpy() for output in (outputs if isinstance(outputs, tuple) else (outputs,))]


def assert_close(actual, expected, tolerance=TOLERANCE):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


def weights_of(network: nn.Cell) -> dict[str, np.ndarray]:
    return {parameter.name: parameter.asnumpy() for parameter in network.get_parameters()}


@pytest.fixture(scope="module")
def golden_network() -> SHMNet:
    network = SHMNet()
    load_golden_weights(network)
    return network.set_train(False)


@pytest.fixture(scope="module")
def forward():
    """What the older implementation computed."""
    with np.load(GOLDEN_FOLDER / "forward.npz") as content:
        return dict(content)


@pytest.fixture(scope="module")
def golden_outputs(golden_network, forward) -> list[np.ndarray]:
    return compute(golden_network, forward["image"])


@pytest.fixture(scope="module")
def torch_twin():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(2)
    from tests import torch_golden

    return torch_golden


# The numbers


def test_outputs_equal_the_stored_numbers(golden_network):
    logits, alpha = compute(golden_network, random_image(1, 3, 64, 96))
    assert logits.shape == (1, 3, 64, 96)
    assert alpha.shape == (1, 1, 64, 96)
    for output, stored in ((logits, SAMPLED_LOGITS), (alpha, SAMPLED_ALPHA)):
        assert_close(sample(output, 30), [float(number) for number in stored.split(",")])


def test_outputs_equal_the_torch_twin(golden_network, torch_twin):
    twin = torch_twin.SHMNet()
    torch_twin.load_golden_weights(twin)
    image = random_image(2, 3, 96, 64, seed=21)
    for output, expected in zip(compute(golden_network, image), torch_twin.predict(twin, image), strict=True):
        assert_close(output, expected)


@needs_golden_files
def test_outputs_equal_the_golden_file(golden_outputs, forward):
    logits, alpha = golden_outputs
    assert_close(logits, forward["trimap_logits"])
    assert_close(alpha, forward["alpha"])


def test_folded_batch_norms_change_nothing(golden_network):
    network = SHMNet().set_train(False)
    load_golden_weights(network)
    fold_batch_norms(network)
    assert not any(isinstance(cell, nn.BatchNorm2d) for _, cell in network.cells_and_names())
    image = Tensor(random_image(1, 3, 64, 96))
    for folded, whole in zip(network(image), golden_network(image), strict=True):
        np.testing.assert_allclose(folded.asnumpy(), whole.asnumpy(), atol=2e-5)


@needs_golden_files
def test_losses_equal_the_golden_file(golden_outputs, forward):
    logits, alpha = map(Tensor, golden_outputs)
    image, true_alpha = Tensor(forward["image"]), Tensor(forward["alpha_gt"])
    class_map = Tensor(forward["class_map"][:, 0])
    terms = {
        "loss_t_net": t_net_loss(logits, class_map),
        "loss_m_net": m_net_loss(image, alpha, true_alpha),
        "loss_end_to_end": end_to_end_loss(image, logits, alpha, class_map, true_alpha),
    }
    for name, term in terms.items():
        assert_close(term["loss"].asnumpy(), forward[name])


@needs_golden_files
def test_golden_checkpoint_loads_and_equals_the_rebuilt_weights(golden_network):
    rebuilt, loaded = weights_of(golden_network), weights_of(load_network(GOLDEN_FOLDER / "weights.ckpt"))
    assert list(loaded) == list(rebuilt)
    for name, value in loaded.items():
        np.testing.assert_array_equal(value, rebuilt[name], err_msg=name)


@needs_golden_files
def test_names_shapes_and_order_equal_the_golden_list(golden_network):
    header, *lines = (GOLDEN_FOLDER / "parameters.tsv").read_text().splitlines()
    assert header == "name\tshape\tkind"
    assert lines == [
        "\t".join(
            (
                parameter.name,
                "x".join(map(str, parameter.shape)),
                "trainable" if parameter.requires_grad else "statistic",
            )
        )
        for parameter in golden_network.get_parameters()
    ]


@needs_golden_files
def test_twin_loads_the_original_state_dict(torch_twin):
    """So that the twin's names, and with them its layers, are the original's."""
    import torch

    twin = torch_twin.SHMNet()
    state = torch.load(GOLDEN_FOLDER / "torch_state_dict.pth", weights_only=True)
    twin.load_state_dict({name: value for name, value in state.items() if "en_conv_bn_relu_5" not in name})
    with (
        np.load(GOLDEN_FOLDER / "torch_forward.npz") as expected,
        np.load(GOLDEN_FOLDER / "forward.npz") as inputs,
    ):
        logits, alpha = torch_twin.predict(twin, inputs["image"])
        assert_close(logits, expected["trimap_logits"])
        assert_close(alpha, expected["alpha"])


def test_number_of_values(golden_network):
    parameters = list(golden_network.get_parameters())
    assert len(parameters) == 355
    assert sum(parameter.size for parameter in parameters) == VALUES


# Sizes


@pytest.mark.parametrize(("height", "width"), [(40, 64), (64, 40), (17, 17), (8, 8)])
def test_sizes_that_are_no_multiple_of_16_are_refused(golden_network, height, width):
    with pytest.raises(ValueError, match=f"multiples of 16, but the image is {height}x{width}"):
        compute(golden_network, random_image(1, 3, height, width))


def test_both_parts_refuse_wrong_sizes():
    with pytest.raises(ValueError, match="multiples of 16"):
        compute(TNet(), random_image(1, 3, 24, 32))
    with pytest.raises(ValueError, match="multiples of 16"):
        compute(MNet(), random_image(1, 3, 24, 32), random_image(1, 3, 24, 32))


@pytest.mark.parametrize(("height", "width"), [(16, 16), (16, 80), (48, 32)])
def test_other_sizes_keep_height_and_width(golden_network, height, width):
    logits, alpha = compute(golden_network, random_image(2, 3, height, width))
    assert logits.shape == (2, 3, height, width)
    assert alpha.shape == (2, 1, height, width)


def test_images_of_a_batch_do_not_touch_each_other(golden_network):
    images = random_image(2, 3, 32, 32)
    together = compute(golden_network, images)
    alone = compute(golden_network, images[1:])
    for both, one in zip(together, alone, strict=True):
        assert_close(both[1:], one, 1e-5)


# Layers


def halfpixel_positions(length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of 2 * length outputs: the inputs below and above, and the weight of the one above."""
    position = np.clip((np.arange(2 * length) + 0.5) / 2 - 0.5, 0, length - 1)
    below = np.floor(position).astype(int)
    return below, np.minimum(below + 1, length - 1), position - below


def upsampled(x: np.ndarray) -> np.ndarray:
    """Bilinear interpolation of (N, C, H, W) to twice the size, pixel centres at half-integers."""
    below, above, weight = halfpixel_positions(x.shape[2])
    rows = x[:, :, below] * (1 - weight)[:, None] + x[:, :, above] * weight[:, None]
    below, above, weight = halfpixel_positions(x.shape[3])
    return rows[..., below] * (1 - weight) + rows[..., above] * weight


@given(maps)
def test_upsampling_equals_numpy(shape):
    x = random_image(*shape)
    assert_close(compute(UpsampleTwice(), x)[0], upsampled(x), 1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (3, 1), (3, 4)])
def test_gradient_of_upsampling(size):
    """Upsampling is linear: its gradient is the response to each input pixel alone."""
    pixels = math.prod(size)
    responses = compute(UpsampleTwice(), np.eye(pixels, dtype=np.float32).reshape(pixels, 1, *size))[0]
    x, outer = random_image(1, 1, *size), random_image(1, 1, 2 * size[0], 2 * size[1], seed=5)
    gradient = ms.grad(lambda x: (UpsampleTwice()(x) * Tensor(outer)).sum())(Tensor(x)).asnumpy()
    assert_close(gradient.ravel(), (responses * outer).sum(axis=(1, 2, 3)), 1e-5)


def transposed_convolution(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Kernel 5, stride 2, padding 2, output padding 1: (N, C, H, W) to (N, C, 2H, 2W)."""
    number, _, height, width = x.shape
    padded = np.zeros((number, weight.shape[1], 2 * height + 4, 2 * width + 4))
    for row in range(height):
        for column in range(width):
            patch = np.einsum("ni,iokl->nokl", x[:, :, row, column], weight)
            padded[:, :, 2 * row : 2 * row + 5, 2 * column : 2 * column + 5] += patch
    return padded[:, :, 2:-2, 2:-2]


@given(maps)
def test_doubling_equals_numpy(shape):
    x, layer = random_image(*shape), deconv_x2(shape[1])
    weight = random_image(*layer.weight.shape, seed=6)
    layer.weight.set_data(Tensor(weight))
    assert_close(compute(layer, x)[0], transposed_convolution(x, weight), 1e-5)


@pytest.mark.parametrize("make", [lambda: ConvToAlpha(6, 5), MaxPoolHalf], ids=["convolution", "pooling"])
def test_layers_with_a_form_for_training_compute_the_same_in_both(make):
    layer = make()
    x, weights = Tensor(random_image(2, 6, 8, 12)) + 9, layer.trainable_params()

    def total(x):
        y = layer(x)
        return (y * ops.arange(y.size).reshape(y.shape)).sum()

    outputs = []
    for is_training in (False, True):
        layer.set_train(is_training)
        gradients = ms.grad(total, 0, weights or None)(x)
        outputs.append([layer(x), *((gradients[0], *gradients[1]) if weights else (gradients,))])
    for plain, trained in zip(*outputs, strict=True):
        np.testing.assert_allclose(trained.asnumpy(), plain.asnumpy(), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("outputs", "stride", "is_added"), [(8, 1, True), (8, 2, False), (12, 1, False)])
def test_inverted_residual_adds_its_input_where_shapes_agree(outputs, stride, is_added):
    block = InvertedResidual(8, outputs, stride=stride, expansion=6).set_train(False)
    for parameter in block.get_parameters():
        if parameter.name.endswith("weight"):
            parameter.set_data(ops.zeros_like(parameter))
    x = random_image(1, 8, 4, 4)
    (result,) = compute(block, x)
    np.testing.assert_array_equal(result, x if is_added else np.zeros_like(result))


def test_fusion_takes_the_channels_as_background_foreground_unsure():
    trimap = np.array([0.2, 0.5, 0.3], np.float32).reshape(1, 3, 1, 1)
    alpha = fuse(Tensor(trimap), Tensor(np.full((1, 1, 1, 1), 0.1, np.float32)))
    assert_close(alpha.asnumpy(), 0.5 + 0.3 * 0.1, 1e-7)


# First weights


@pytest.fixture(scope="module")
def fresh_network() -> SHMNet:
    network = SHMNet()
    load_golden_weights(network)  # so that no value is right because it was so before
    initialise(network, seed=3)
    return network


@pytest.mark.parametrize(
    ("name", "fan_in"),
    [
        ("t_net.feature.head_conv.0.weight", 3 * 9),
        ("t_net.feature.block_1.conv.0.weight", 32),
        ("t_net.feature.block_7.conv.3.weight", 9),  # depthwise: one channel for each output
        ("t_net.feature.block_7.conv.6.weight", 960),
        ("t_net.s5_up_conv.1.weight", 320 * 9),
        ("t_net.s5_up_conv.1.bias", 320 * 9),
        ("t_net.last_conv.weight", 16 * 9),
        ("m_net.deconv_1.weight", 128 * 25),
        ("m_net.conv.weight", 16 * 25),
    ],
)
def test_first_weights_are_uniform_within_the_bound(fresh_network, name, fan_in):
    values, bound = weights_of(fresh_network)[name], 1 / math.sqrt(fan_in)
    largest = np.abs(values).max()
    assert largest <= bound
    assert largest > bound * (1 - 10 / values.size)
    error = 4 / math.sqrt(values.size)  # about four standard errors of both moments
    assert abs(values.mean()) < error * bound / math.sqrt(3)
    assert values.var() == pytest.approx(bound**2 / 3, rel=error)


def test_every_convolution_gets_first_weights(fresh_network):
    for _, layer in fresh_network.cells_and_names():
        if isinstance(layer, nn.Conv2d | nn.Conv2dTranspose):
            bound = 1 / math.sqrt(math.prod(layer.weight.shape[1:]))
            for parameter in layer.get_parameters():
                values = parameter.asnumpy()
                assert np.abs(values).max() <= bound, parameter.name
                assert (values != golden_value(parameter.name, parameter.shape)).all(), parameter.name


def test_fan_in_of_a_transposed_convolution_is_as_in_pytorch():
    """PyTorch counts the output channels there."""
    layer = nn.Conv2dTranspose(100, 4, 5)
    initialise(layer, seed=0)
    largest, bound = np.abs(layer.weight.asnumpy()).max(), 1 / math.sqrt(4 * 25)
    assert 0.99 * bound < largest <= bound


def test_batch_normalisation_starts_as_the_identity(fresh_network):
    expected = {"gamma": 1, "beta": 0, "moving_mean": 0, "moving_variance": 1}
    found = 0
    for name, value in weights_of(fresh_network).items():
        kind = name.rpartition(".")[2]
        if kind in expected:
            np.testing.assert_array_equal(value, expected[kind], err_msg=name)
            found += 1
    assert found == 4 * sum(isinstance(cell, nn.BatchNorm2d) for _, cell in fresh_network.cells_and_names())


def test_first_weights_depend_on_seed_and_name_alone(fresh_network):
    np.random.seed(1)
    ms.set_seed(1)
    expected = weights_of(fresh_network)
    other = SHMNet()
    initialise(other.m_net, seed=3)  # alone, and before T-Net
    initialise(other.t_net, seed=3)
    for name, value in weights_of(other).items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_another_seed_gives_other_weights(fresh_network):
    other = SHMNet()
    initialise(other, seed=4)
    expected = weights_of(fresh_network)
    for name, value in weights_of(other).items():
        if name.endswith("weight"):
            assert not np.isclose(value, expected[name]).all(), name


def test_layers_of_one_shape_get_different_weights(fresh_network):
    weights = weights_of(fresh_network)
    first, second = (weights[f"t_net.feature.block_4.{i}.conv.0.weight"] for i in (2, 3))
    assert not np.isclose(first, second).all()
