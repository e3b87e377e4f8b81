"""MODNet's losses: values and gradients of the original, boundaries, and what the original leaves NaN."""

import numpy as np
import pytest
from scipy import ndimage

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor

from src.model.modnet.network import MODNet, predict
from src.systems.modnet_loss import coarse, find_boundaries, soc_loss, supervised_loss
from tests import modnet_golden
from tests.modnet_golden import TOLERANCE, needs_golden_files, normalised

OUTPUTS = ("semantic", "detail", "matte")
LARGEST_GRADIENT_ERROR = 0.03  # of float32: batch norms see few samples
NO_GRADIENT = 1e-4  # the largest norm that is nothing but rounding


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return modnet_golden.read("losses.npz")


@pytest.fixture(scope="module")
def truth(golden) -> dict[str, Tensor]:
    return {
        "image": Tensor(normalised(golden["image"])),
        "alpha": Tensor(golden["alpha"].astype(np.float32) / 255),
        "trimap": Tensor(golden["trimap"].astype(np.float32) / 2),
    }


def values_of(terms: dict[str, Tensor]) -> list[float]:
    """The terms without their sum, which must be one."""
    loss, *others = (float(each.asnumpy()) for each in terms.values())
    assert loss == pytest.approx(sum(others), rel=1e-6)
    return others


def gradients(network, loss, *inputs: Tensor) -> tuple[dict[str, Tensor], tuple, dict[str, float]]:
    """The loss terms, the outputs, and the norms of the gradients by PyTorch's names."""
    names = {row["mindspore_name"]: row["pytorch_name"] for row in modnet_golden.table()}
    parameters = network.trainable_params()

    def objective(x):
        outputs = predict(network, x)
        terms = loss(*outputs)
        return terms["loss"], terms, outputs

    (_, terms, outputs), found = ms.value_and_grad(objective, None, parameters, has_aux=True)(*inputs)
    norms = [float(np.linalg.norm(each.asnumpy().astype(np.float64))) for each in found]
    return terms, outputs, dict(zip((names[each.name] for each in parameters), norms, strict=True))


def assert_same_gradients(norms: dict[str, float], names: np.ndarray, expected: np.ndarray) -> None:
    assert set(norms) == set(names.tolist())
    for name, value in zip(names.tolist(), expected.tolist(), strict=True):
        if value < NO_GRADIENT:
            assert norms[name] < NO_GRADIENT, name
        else:
            assert norms[name] == pytest.approx(value, rel=LARGEST_GRADIENT_ERROR), name


@needs_golden_files
def test_supervised_values(golden, truth):
    forward = modnet_golden.read("forward_3.npz")
    terms = supervised_loss(*(Tensor(forward[name]) for name in OUTPUTS), **truth)
    np.testing.assert_allclose(values_of(terms), golden["eval_losses"], atol=TOLERANCE)
    np.testing.assert_allclose(coarse(truth["alpha"]).asnumpy(), golden["gt_semantic"], atol=1e-6)


@needs_golden_files
def test_a_supervised_step(golden, truth):
    network = MODNet(3).set_train(True)
    modnet_golden.load_golden_weights(network, 3)
    terms, _, norms = gradients(network, lambda *outputs: supervised_loss(*outputs, **truth), truth["image"])
    np.testing.assert_allclose(values_of(terms), golden["train_losses"], atol=TOLERANCE)
    assert_same_gradients(norms, golden["grad_names"], golden["grad_norms_64"])
    names = {row["pytorch_name"]: row["mindspore_name"] for row in modnet_golden.table()}
    parameters = network.parameters_dict()
    statistics = [name for name in golden if name.startswith("after_") and ".running_" in name]
    assert len(statistics) == 6
    for name in statistics:
        found = parameters[names[name.removeprefix("after_")]].asnumpy()
        np.testing.assert_allclose(found, golden[name], atol=1e-5, err_msg=name)


@needs_golden_files
def test_a_step_of_adaptation():
    golden = modnet_golden.read("soc.npz")
    x = Tensor(normalised(golden["image"]))
    network = MODNet(3).set_train(False)
    modnet_golden.load_golden_weights(network, 3, bias=-2)
    given = {
        "backup_detail": Tensor(golden["backup_detail"]),
        "backup_matte": Tensor(golden["backup_matte"]),
        "boundaries": Tensor(golden["boundaries"].astype(np.float32)),
    }
    terms, outputs, norms = gradients(network, lambda *outputs: soc_loss(*outputs, **given), x)
    np.testing.assert_allclose(values_of(terms), golden["losses"], rtol=1e-5, atol=TOLERANCE)
    assert_same_gradients(norms, golden["grad_names"], golden["grad_norms"])
    found = find_boundaries(outputs[0], outputs[2]).asnumpy()
    assert (found != golden["boundaries"]).sum() <= 7 * 49  # pixels at the threshold, each with its window


@pytest.mark.parametrize(("side", "size"), [(6, (128, 128)), (7, (128, 160))])
def test_boundaries_are_those_of_scipy(side, size):
    noise = ndimage.gaussian_filter(np.random.default_rng(side).random((2, *size)), (0, 8, 8))
    matte = np.clip((noise - noise.mean()) * 30, 0, 1).astype(np.float32)
    semantic = np.ones((2, 1, size[0] // 16, size[1] // 16), np.float32)
    found = ms.jit(find_boundaries)(Tensor(semantic), Tensor(matte[:, None])).asnumpy()[:, 0]
    person = (matte > 0.1).astype(np.float32)
    expected = [
        ndimage.grey_dilation(each, (side, side)) != ndimage.grey_erosion(each, (side, side))
        for each in person
    ]
    np.testing.assert_array_equal(found, expected)
    assert 0.1 < found.mean() < 0.9


def test_a_picture_of_nobody_adds_nothing_to_the_detail_term():
    rng = np.random.default_rng(4)
    semantic = rng.random((2, 1, 4, 4), np.float32)
    detail, matte, *backup = rng.random((4, 2, 1, 64, 64), np.float32)
    boundaries = np.zeros((2, 1, 64, 64), np.float32)
    boundaries[1, 0, 10:20] = 1

    def loss(matte):
        given = dict(zip(("backup_detail", "backup_matte"), map(Tensor, backup), strict=True))
        return soc_loss(Tensor(semantic), Tensor(detail), matte, **given, boundaries=Tensor(boundaries))

    moved = np.abs(detail - backup[0]) + np.abs(matte - backup[1])
    expected = moved[1, 0, 10:20].mean() / 2
    assert float(loss(Tensor(matte))["detail"].asnumpy()) == pytest.approx(expected, rel=1e-5)
    boundaries[:] = 0
    assert float(loss(Tensor(matte))["detail"].asnumpy()) == 0
    assert np.isfinite(ms.grad(lambda matte: loss(matte)["loss"])(Tensor(matte)).asnumpy()).all()


def test_the_weights_of_the_matte_terms():
    alpha = Tensor(np.full((1, 1, 32, 32), 0.25, np.float32))
    semantic = Tensor(np.full((1, 1, 2, 2), 0.25, np.float32))
    image = Tensor(np.full((1, 3, 32, 32), 2, np.float32))
    matte = Tensor(np.full((1, 1, 32, 32), 0.75, np.float32))
    trimap = Tensor(np.full((1, 1, 32, 32), 0.5, np.float32))
    terms = supervised_loss(semantic, alpha, matte, image=image, alpha=alpha, trimap=trimap)
    assert values_of(terms) == pytest.approx([0, 0, 5 * 0.5 + 5 * 1.0], abs=1e-6)
