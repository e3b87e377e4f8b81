"""The losses that only the PyTorch trainer has."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from src.pytorch.losses import phase_loss, pyramid_loss  # noqa: E402
from src.pytorch.network import SHMNet  # noqa: E402


def test_equal_alphas_cost_nothing_and_a_shift_of_all_values_neither():
    alpha = torch.rand(2, 1, 40, 56)
    assert pyramid_loss(alpha, alpha) == 0
    assert pyramid_loss(alpha + 0.3, alpha) == pytest.approx(0, abs=1e-5)


def test_it_is_linear_in_the_difference():
    alpha, other = torch.rand(2, 1, 37, 53), torch.rand(2, 1, 37, 53)
    difference = pyramid_loss(other, alpha)
    assert pyramid_loss(alpha + 2 * (other - alpha), alpha) == pytest.approx(2 * difference.item(), rel=1e-4)


def test_the_first_band_equals_one_computed_by_hand():
    """A single 1 among zeros, in one level: the blurred value of the middle and its neighbours is known."""
    spot = torch.zeros(1, 1, 64, 64)
    spot[..., 32, 32] = 1
    taps = np.array([1, 4, 6, 4, 1]) / 16
    blurred = np.zeros((64, 64))
    blurred[30:35, 30:35] = np.outer(taps, taps)
    loss, rest = 0.0, spot[0, 0].numpy().astype(np.float64)
    for level in range(5):
        padded = np.pad(rest, 2, mode="edge")
        rows = sum(t * padded[k : k + len(rest)] for k, t in enumerate(taps))
        smooth = sum(t * rows[:, k : k + len(rest)] for k, t in enumerate(taps))
        if level == 0:
            np.testing.assert_allclose(smooth, blurred, atol=1e-12)
        half = smooth.reshape(len(rest) // 2, 2, len(rest) // 2, 2).mean(axis=(1, 3))
        loss += 2**level * np.abs(rest - enlarge(enlarge(half).T).T).mean()
        rest = half
    assert pyramid_loss(spot, torch.zeros_like(spot)).item() == pytest.approx(loss, rel=1e-5)


def enlarge(values: np.ndarray) -> np.ndarray:
    """Twice the rows, bilinear with half-pixel centres."""
    above, below = np.vstack((values[:1], values[:-1])), np.vstack((values[1:], values[-1:]))
    return np.stack((0.25 * above + 0.75 * values, 0.75 * values + 0.25 * below), 1).reshape(
        2 * len(values), -1
    )


def test_end_to_end_adds_it_with_its_weight():
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
