"""The loss on Laplacian pyramids, in MindSpore and in PyTorch."""

import cv2
import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor

from src import loss
from src.common.errors import UserError
from src.config import EndToEndConfig
from src.systems.shm import PHASES
from tests.small_dataset import write_dataset
from tests.thin_network import leave_curves_empty, make_networks_thin
from tests.training_runs import make_config, read_events, run_training

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from src.pytorch.losses import phase_loss, pyramid_loss  # noqa: E402
from src.pytorch.network import SHMNet  # noqa: E402
from tests.thin_torch_network import make_torch_networks_thin  # noqa: E402


def test_equal_alphas_cost_nothing_and_a_shift_of_all_values_neither():
    alpha = torch.rand(2, 1, 48, 64)
    assert pyramid_loss(alpha, alpha) == 0
    assert pyramid_loss(alpha + 0.3, alpha) == pytest.approx(0, abs=1e-5)


def test_it_is_linear_in_the_difference():
    alpha, other = torch.rand(2, 1, 32, 48), torch.rand(2, 1, 32, 48)
    difference = pyramid_loss(other, alpha)
    assert pyramid_loss(alpha + 2 * (other - alpha), alpha) == pytest.approx(2 * difference.item(), rel=1e-4)


def test_mindspore_and_numpy_compute_the_same():
    rng = np.random.default_rng(0)
    alpha, true = (rng.random((2, 1, 48, 32)).astype(np.float32) for _ in range(2))
    ours = loss.pyramid_loss(Tensor(alpha), Tensor(true))
    twin = pyramid_loss(torch.from_numpy(alpha), torch.from_numpy(true))
    by_hand = np.mean([pyramid_by_hand(one[0], other[0]) for one, other in zip(alpha, true, strict=True)])
    assert float(ours) == pytest.approx(by_hand, rel=1e-5)
    assert twin.item() == pytest.approx(by_hand, rel=1e-5)


def pyramid_by_hand(alpha: np.ndarray, true: np.ndarray) -> float:
    """Of (H, W), with OpenCV's filters."""
    rest, total = alpha - true, 0.0
    for level in range(4):
        smaller = cv2.resize(blur(rest), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        enlarged = cv2.resize(smaller, rest.shape[::-1], interpolation=cv2.INTER_NEAREST)
        total += 2**level * np.abs(rest - blur(enlarged)).mean()
        rest = smaller
    return total


def blur(image: np.ndarray) -> np.ndarray:
    taps = np.array([1, 4, 6, 4, 1], np.float32) / 16
    return cv2.sepFilter2D(image, -1, taps, taps, borderType=cv2.BORDER_REPLICATE)


def test_its_gradient_is_finite_and_reaches_every_pixel():
    alpha, true = (np.random.default_rng(seed).random((1, 1, 32, 32)).astype(np.float32) for seed in (1, 2))
    gradient = ms.grad(loss.pyramid_loss)(Tensor(alpha), Tensor(true)).asnumpy()
    leaf = torch.from_numpy(alpha).requires_grad_()
    pyramid_loss(leaf, torch.from_numpy(true)).backward()
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), atol=1e-6)
    assert (gradient != 0).mean() > 0.95


def test_the_setting_adds_a_term_end_to_end():
    phase = PHASES["end_to_end"]
    assert phase.adapt(phase, EndToEndConfig(train_phase="end_to_end")) == phase
    adapted = phase.adapt(phase, EndToEndConfig(train_phase="end_to_end", pyramid_weight=0.5))
    rng = np.random.default_rng(0)
    alpha, true, image = (rng.random((1, c, 32, 32)).astype(np.float32) for c in (1, 1, 3))
    logits = Tensor(rng.random((1, 3, 32, 32)).astype(np.float32))
    batch = {"image": Tensor(image), "alpha": Tensor(true)}
    batch["class_map"] = Tensor(np.zeros((1, 32, 32), np.int32))
    plain, more = (each.loss((logits, Tensor(alpha)), batch) for each in (phase, adapted))
    assert tuple(plain) == phase.terms and tuple(more) == adapted.terms == (*phase.terms, "pyramid")
    assert float(more["loss"]) == pytest.approx(float(plain["loss"]) + 0.5 * float(more["pyramid"]), rel=1e-6)


def test_end_to_end_adds_it_with_its_weight(monkeypatch):
    make_torch_networks_thin(monkeypatch)
    torch.manual_seed(0)
    network = SHMNet().eval()
    image, alpha = torch.rand(1, 3, 32, 32), torch.rand(1, 1, 32, 32)
    class_map = torch.zeros(1, 32, 32, dtype=torch.long)
    with torch.no_grad():
        plain, more = (
            phase_loss(network, "end_to_end", image, class_map, alpha, pyramid_weight=weight).item()
            for weight in (0, 0.5)
        )
        added = 0.5 * pyramid_loss(network(image)[1], alpha).item()
    assert more == pytest.approx(plain + added, rel=1e-5)


def test_train_py_logs_it_and_a_resumed_run_keeps_its_weight(tmp_path, monkeypatch):
    make_networks_thin(monkeypatch)
    monkeypatch.setattr(loss, "_PYRAMID_LEVELS", 1)  # the gradient of 4 is compiled in 20 s
    leave_curves_empty(monkeypatch)
    write_dataset(tmp_path / "data", {"train": 4, "eval": 4, "test": 1})
    sections = {"nEpochs": 1, "pyramid_weight": 0.2}
    run = run_training(make_config({"end_to_end": sections}), tmp_path / "data", tmp_path / "out")
    events = read_events(run.folder / "events" / "end_to_end")
    logged = {each.tag: each.simple_value for event in events for each in event.summary.value}
    assert 0 < logged["train/pyramid"] < 5 and 0 < logged["eval/pyramid"] < 5
    sections |= {"nEpochs": 2, "pyramid_weight": 0.1}
    with pytest.raises(UserError, match="pyramid_weight: 0.2 then, 0.1 now"):
        run_training(make_config({"end_to_end": sections}), tmp_path / "data", tmp_path / "out")
