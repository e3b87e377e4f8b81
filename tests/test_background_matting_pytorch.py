"""The PyTorch twin of Background Matting V2 equals the original, and learns."""

import numpy as np
import pytest

from tests import background_matting_golden
from tests.background_matting_golden import TOLERANCE, golden_weights, needs_golden_files, scene

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


LAPLACIANS = {"base": ["pha_laplacian"], "refine": ["pha_laplacian", "pha_sm_laplacian"]}


@pytest.fixture(scope="module")
def golden_twin():
    from src.pytorch.background_matting import RefineNetwork

    network = RefineNetwork()
    state = {name: torch.from_numpy(value) for name, value in golden_weights("mobilenetv2").items()}
    found = network.load_state_dict(state, strict=False)
    assert not found.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in found.missing_keys)
    return network.eval()


def tensors(*names: str) -> list:
    return [torch.from_numpy(scene()[name]) for name in names]


@needs_golden_files
def test_the_base_network(golden_twin):
    golden = background_matting_golden.read("base_mobilenetv2.npz")
    with torch.no_grad():
        pha, fgr, err = golden_twin.predict_base(*tensors("small_src", "small_bgr"))
    for found, name in ((pha, "pha"), (fgr[..., ::3, ::3], "fgr"), (err, "err")):
        np.testing.assert_allclose(found.numpy(), golden[name], atol=TOLERANCE, err_msg=name)


@needs_golden_files
def test_the_whole_picture_refined(golden_twin):
    golden = background_matting_golden.read("refine_mobilenetv2.npz")
    with torch.no_grad():
        pha, fgr, pha_sm, fgr_sm, err_sm = golden_twin(*tensors("src", "bgr"))
    for found, name in (
        (pha[..., ::3, ::3], "full_pha"),
        (fgr[..., ::5, ::5], "full_fgr"),
        (pha_sm, "full_pha_sm"),
        (fgr_sm[..., ::3, ::3], "full_fgr_sm"),
        (err_sm, "full_err_sm"),
    ):
        np.testing.assert_allclose(found.numpy(), golden[name], atol=TOLERANCE, err_msg=name)


@needs_golden_files
@pytest.mark.parametrize("phase", background_matting_golden.PREDICTIONS)
def test_losses_and_gradients(phase):
    from src.pytorch import background_matting_loss

    predicted = background_matting_golden.predictions()
    given = {
        name: torch.from_numpy(predicted[name]).requires_grad_()
        for name in background_matting_golden.PREDICTIONS[phase]
    }
    pha, fgr = tensors("pha", "fgr")
    terms = getattr(background_matting_loss, f"{phase}_loss")(*given.values(), true_pha=pha, true_fgr=fgr)
    expected = background_matting_golden.losses()[phase]
    assert sum(terms).item() == pytest.approx(expected["total_with_laplacian"], rel=1e-5)
    laplacians = [
        term
        for term in terms
        if any(term.item() == pytest.approx(expected[name], rel=1e-5) for name in LAPLACIANS[phase])
    ]
    assert len(laplacians) == len(LAPLACIANS[phase])
    (sum(terms) - sum(laplacians)).backward()
    for name, value in given.items():
        found = value.grad.double().abs().sum().item()
        assert found == pytest.approx(expected[f"grad_abs_sum_pred_{name}"], rel=1e-4), name
