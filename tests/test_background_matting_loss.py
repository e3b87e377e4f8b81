"""Losses of Background Matting V2: values and gradients of the original."""

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor

from src.systems.background_matting_loss import base_loss, laplacian_loss, refine_loss
from tests import background_matting_golden as golden
from tests.background_matting_golden import needs_golden_files

LOSSES = {"base": base_loss, "refine": refine_loss}


@pytest.fixture(scope="module")
def truth() -> dict[str, Tensor]:
    return {"true_pha": Tensor(golden.scene()["pha"]), "true_fgr": Tensor(golden.scene()["fgr"])}


@pytest.fixture(scope="module")
def predictions() -> dict[str, Tensor]:
    return {name: Tensor(value) for name, value in golden.predictions().items()}


@needs_golden_files
@pytest.mark.parametrize("phase", LOSSES)
def test_terms_and_gradients(phase, truth, predictions):
    names, expected = golden.PREDICTIONS[phase], golden.losses()[phase]
    terms = LOSSES[phase](*(predictions[name] for name in names), **truth)
    loss = terms.pop("loss")
    for name, value in terms.items():
        assert float(value.asnumpy()) == pytest.approx(expected[name], rel=1e-5), name
    assert float(loss.asnumpy()) == pytest.approx(expected["total_with_laplacian"], rel=1e-5)

    def total(*outputs):
        return LOSSES[phase](*outputs, **truth, use_laplacian=False)["loss"]

    loss, gradients = ms.value_and_grad(total, tuple(range(len(names))))(*(predictions[n] for n in names))
    assert float(loss.asnumpy()) == pytest.approx(expected["total"], rel=1e-5)
    for name, gradient in zip(names, gradients, strict=True):
        found = np.abs(gradient.asnumpy().astype(np.float64)).sum()
        assert found == pytest.approx(expected[f"grad_abs_sum_pred_{name}"], rel=1e-4), name


def test_the_gradient_of_the_laplacian_loss_in_graph_mode():
    rng = np.random.default_rng(0)
    true, pha = rng.random((2, 1, 1, 65, 70), np.float32)
    step = 1e-3 * pha
    loss, gradient = ms.jit(ms.value_and_grad(laplacian_loss))(Tensor(pha), Tensor(true))
    ahead, behind = (laplacian_loss(Tensor(pha + sign * step), Tensor(true)) for sign in (1, -1))
    assert float(loss.asnumpy()) == pytest.approx(float(laplacian_loss(Tensor(pha), Tensor(true)).asnumpy()))
    slope = (float(ahead.asnumpy()) - float(behind.asnumpy())) / 2
    assert abs(slope) > 1e-5
    assert (gradient.asnumpy().astype(np.float64) * step).sum() == pytest.approx(slope, rel=0.02)


def test_alphas_too_small_for_the_laplacian_loss():
    with pytest.raises(ValueError, match="64 pixels or more .* 63x64"):
        laplacian_loss(*[Tensor(np.zeros((1, 1, 63, 64), np.float32))] * 2)
    assert float(laplacian_loss(*[Tensor(np.zeros((1, 1, 64, 64), np.float32))] * 2).asnumpy()) == 0


def test_a_foreground_counts_only_where_there_is_one():
    true_pha = np.zeros((1, 1, 8, 8), np.float32)
    true_pha[..., :2] = 0.5
    fgr = np.full((1, 3, 8, 8), 0.5, np.float32)
    alphas, fgr, none = map(Tensor, (true_pha, fgr, np.zeros_like(fgr)))
    terms = base_loss(alphas, fgr, alphas, true_pha=alphas, true_fgr=none, use_laplacian=False)
    assert float(terms["fgr_l1"].asnumpy()) == pytest.approx(0.5 * 2 / 8)
    assert "pha_laplacian" not in terms
