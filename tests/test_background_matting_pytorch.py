"""The PyTorch twin of Background Matting V2 equals the original, and learns."""

import numpy as np
import pytest

from src.get_init_weight import main as convert
from src.images.files import write_image
from tests import background_matting_golden
from tests.background_matting_golden import TOLERANCE, golden_weights, needs_golden_files, scene
from tests.small_dataset import make_person

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
def test_the_cells_of_largest_error_refined(golden_twin):
    from src.pytorch.background_matting import RefineNetwork, SamplingRefiner

    golden = background_matting_golden.read("refine_mobilenetv2.npz")
    network = RefineNetwork(refiner=SamplingRefiner(int(golden["sampling_setting"])))
    network.load_state_dict(golden_twin.state_dict())
    with torch.no_grad():
        pha, fgr, *_ = network.eval()(*tensors("src", "bgr"))
    for found, name in ((pha[..., ::3, ::3], "sampling_pha"), (fgr[..., ::5, ::5], "sampling_fgr")):
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


def test_both_phases_are_trained_and_converted(tmp_path, monkeypatch, capsys):
    from src.pytorch import train as trainer
    from src.pytorch.first_weights import read_weights

    for split in ("train", "valid"):
        for number in range(2):
            photo, alpha = make_person((number,), 60, 50)
            write_image(tmp_path / split / f"{number}.png", np.dstack([photo, alpha]))
        write_image(tmp_path / "backgrounds" / split / "place.jpg", make_person((7,), 50, 60)[0])
    given = ["--batch", "2", "--steps", "1"]
    refine = ["--size", "256", "--init", str(tmp_path / "base" / "weights.pth")]
    for phase, options in {"base": ["--size", "64"], "refine": refine}.items():
        (tmp_path / phase).mkdir()
        arguments = [str(tmp_path), str(tmp_path / phase), "--phase", phase, *given, *options]
        monkeypatch.setattr("sys.argv", ["train", *arguments])
        trainer.main()
        assert "step 1: eval loss" in capsys.readouterr().out
    before, after = (
        torch.load(tmp_path / each / "weights.pth", weights_only=True) for each in ("base", "refine")
    )
    assert not torch.equal(before["refiner.conv1.weight"], after["refiner.conv1.weight"])
    output = tmp_path / "model.ckpt"
    source = str(tmp_path / "refine" / "weights.pth")
    arguments = [source, "--system", "background_matting", "--output", str(output)]
    monkeypatch.setattr("sys.argv", ["convert", *arguments])
    assert convert() == 0
    read = read_weights(str(output), trainer.PHASES["refine"].torch_state)
    for name, value in read.items():
        np.testing.assert_array_equal(value, after[name].numpy(), err_msg=name)
