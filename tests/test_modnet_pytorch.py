"""The PyTorch twin of MODNet equals the original."""

import numpy as np
import pytest

from tests import modnet_golden
from tests.modnet_golden import TOLERANCE, needs_golden_files, normalised

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

OUTPUTS = ("semantic", "detail", "matte")


def golden_twin(channels: int):
    from src.pytorch.modnet import MODNet

    network = MODNet(channels)
    state = {name: torch.from_numpy(value) for name, value in modnet_golden.golden_weights(channels).items()}
    found = network.load_state_dict(state, strict=False)
    assert not found.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in found.missing_keys)
    return network


@needs_golden_files
@pytest.mark.parametrize("channels", [3, 4])
def test_outputs(channels):
    golden = modnet_golden.read(f"forward_{channels}.npz")
    x = normalised(golden["image"])
    if channels == 4:
        x = np.concatenate([x, golden["previous"].astype(np.float32) / 255], 1)
    with torch.no_grad():
        outputs = golden_twin(channels).eval()(torch.from_numpy(x))
    for name, output in zip(OUTPUTS, outputs, strict=True):
        np.testing.assert_allclose(output.numpy(), golden[name], atol=TOLERANCE, err_msg=name)


@needs_golden_files
def test_two_steps_of_training():
    from src.pytorch.modnet import supervised_loss

    golden = modnet_golden.read("losses.npz")
    image = torch.from_numpy(normalised(golden["image"]))
    alpha = torch.from_numpy(golden["alpha"].astype(np.float32) / 255)
    trimap = torch.from_numpy(golden["trimap"].astype(np.float32) / 2)
    network = golden_twin(3).train()
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9)
    # Rounding in the first step, amplified by statistics of two samples, moves the second by 0.03 between
    # processors; the step itself moves it by 0.55.
    for name, tolerance in (("train_losses", TOLERANCE), ("train_losses_step_2", 0.06)):
        terms = supervised_loss(*network(image), image=image, alpha=alpha, trimap=trimap)
        np.testing.assert_allclose([term.item() for term in terms], golden[name], atol=tolerance)
        optimizer.zero_grad()
        sum(terms).backward()
        optimizer.step()
