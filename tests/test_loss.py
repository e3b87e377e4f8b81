"""The losses against their formulas in NumPy, and the order of the classes in them."""

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, ops

from src import loss
from src.images.trimap import TrimapClass
from src.model.network import fuse
from src.systems.shm import PHASES, one_hot_trimap

SHAPE = (2, 4, 5)


@pytest.fixture
def rng() -> np.random.RandomState:
    return np.random.RandomState(1)


@pytest.fixture
def batch(rng) -> dict[str, np.ndarray]:
    """Everything that the losses take, with values of every class and unclipped alphas."""
    number, height, width = SHAPE
    alpha = rng.uniform(0, 1, (number, 1, height, width))
    return {
        "image": rng.uniform(-0.5, 0.5, (number, 3, height, width)).astype(np.float32),
        "logits": rng.normal(0, 2, (number, 3, height, width)).astype(np.float32),
        "pred": (alpha + rng.normal(0, 0.5, alpha.shape)).astype(np.float32),
        "class_map": rng.randint(0, 3, SHAPE).astype(np.int32),
        "true": alpha.astype(np.float32),
    }


def expected_trimap_loss(logits: np.ndarray, class_map: np.ndarray) -> float:
    exponential = np.exp(logits.astype(np.float64))
    probability = exponential / exponential.sum(axis=1, keepdims=True)
    return -np.log(np.take_along_axis(probability, class_map[:, None], axis=1)).mean()


def expected_alpha_loss(pred: np.ndarray, true: np.ndarray) -> float:
    return np.sqrt((pred.astype(np.float64) - true) ** 2 + 1e-6).mean()


def expected_composition_loss(image: np.ndarray, pred: np.ndarray, true: np.ndarray) -> float:
    return np.sqrt((pred.astype(np.float64) * image - true * image) ** 2 + 1e-6).mean()


def tensors(batch: dict[str, np.ndarray], *names: str) -> list[Tensor]:
    return [Tensor(batch[name]) for name in names]


def assert_terms(terms: dict[str, Tensor], **expected: float) -> None:
    assert list(terms) == list(expected)
    for name, value in terms.items():
        assert value.shape == ()
        assert float(value.asnumpy()) == pytest.approx(expected[name], abs=1e-5), name


def test_t_net_loss(batch):
    terms = loss.t_net_loss(*tensors(batch, "logits", "class_map"))
    assert_terms(terms, loss=expected_trimap_loss(batch["logits"], batch["class_map"]))


def test_m_net_loss(batch):
    alpha = expected_alpha_loss(batch["pred"], batch["true"])
    composition = expected_composition_loss(batch["image"], batch["pred"], batch["true"])
    terms = loss.m_net_loss(*tensors(batch, "image", "pred", "true"))
    assert_terms(terms, loss=0.5 * alpha + 0.5 * composition, alpha=alpha, composition=composition)


def test_end_to_end_loss(batch):
    trimap = expected_trimap_loss(batch["logits"], batch["class_map"])
    alpha = expected_alpha_loss(batch["pred"], batch["true"])
    composition = expected_composition_loss(batch["image"], batch["pred"], batch["true"])
    terms = loss.end_to_end_loss(*tensors(batch, "image", "logits", "pred", "class_map", "true"))
    assert_terms(
        terms,
        loss=0.5 * alpha + 0.5 * composition + 0.01 * trimap,
        alpha=alpha,
        composition=composition,
        trimap=trimap,
    )


def test_terms_are_those_that_the_phases_announce(batch):
    image, logits, pred, class_map, true = tensors(batch, "image", "logits", "pred", "class_map", "true")
    tensor_of = {"trimap_logits": logits, "alpha": pred}
    for phase in PHASES.values():
        outputs = tuple(tensor_of[output.name] for output in phase.outputs)
        truth = {"image": image, "class_map": class_map, "alpha": true}
        assert tuple(phase.loss(outputs, truth)) == phase.terms


def test_alpha_loss_is_a_thousandth_at_the_truth_and_has_a_finite_gradient(batch):
    (true,) = tensors(batch, "true")
    value, gradient = ms.value_and_grad(loss.alpha_loss)(true, true)
    assert float(value.asnumpy()) == pytest.approx(1e-3)
    np.testing.assert_array_equal(gradient.asnumpy(), 0)


def test_black_pixels_do_not_count_in_the_composition_loss(batch):
    _, pred, true = tensors(batch, "image", "pred", "true")
    black = Tensor(np.zeros_like(batch["image"]))
    assert float(loss.composition_loss(black, pred, true).asnumpy()) == pytest.approx(1e-3)


# Classes


@pytest.mark.parametrize("trimap_class", list(TrimapClass))
def test_trimap_loss_is_low_for_the_right_class_alone(trimap_class):
    class_map = Tensor(np.full((1, 2, 2), trimap_class, np.int32))
    losses = []
    for channel in range(3):
        logits = np.zeros((1, 3, 2, 2), np.float32)
        logits[:, channel] = 20
        losses.append(float(loss.trimap_loss(Tensor(logits), class_map).asnumpy()))
    assert losses[trimap_class] == pytest.approx(0, abs=1e-6)
    assert [value > 10 for value in losses] == [channel != trimap_class for channel in range(3)]


def test_one_hot_trimap(rng):
    class_map = rng.randint(0, 3, SHAPE).astype(np.int32)
    expected = (class_map[:, None] == np.arange(3).reshape(1, 3, 1, 1)).astype(np.float32)
    one_hot = one_hot_trimap(Tensor(class_map))
    assert one_hot.dtype == ms.float32
    np.testing.assert_array_equal(one_hot.asnumpy(), expected)


def test_a_certain_trimap_decides_alpha_and_leaves_the_unsure_to_m_net(batch):
    class_map, alpha_r = batch["class_map"], batch["pred"]
    alpha = fuse(one_hot_trimap(Tensor(class_map)), Tensor(alpha_r)).asnumpy()[:, 0]
    assert set(np.unique(class_map)) == set(TrimapClass)
    assert (alpha[class_map == TrimapClass.BACKGROUND] == 0).all()
    assert (alpha[class_map == TrimapClass.FOREGROUND] == 1).all()
    unsure = class_map == TrimapClass.UNSURE
    np.testing.assert_array_equal(alpha[unsure], alpha_r[:, 0][unsure])


def test_what_the_trimap_loss_teaches_is_what_fusion_reads(batch):
    """Descending the trimap loss moves the fused alpha towards the class's own."""
    class_map = Tensor(batch["class_map"])
    logits = Tensor(np.zeros((2, 3, 4, 5), np.float32))
    gradient = ms.grad(loss.trimap_loss)(logits, class_map)
    learnt = ops.softmax(logits - 1e4 * gradient, axis=1)
    alpha = fuse(learnt, Tensor(np.full((2, 1, 4, 5), 0.5, np.float32))).asnumpy()[:, 0]
    expected = np.array([0, 1, 0.5])[batch["class_map"]]
    np.testing.assert_allclose(alpha, expected, atol=1e-6)
