"""Convolutions whose map has the pixels of each 2x2 as channels give what ordinary ones do."""

import numpy as np
import pytest

from src.deployment.mindir import four_phases

RANDOM = np.random.default_rng(0)
WEIGHT = RANDOM.normal(size=(5, 3, 3, 3))


def convolve(x: np.ndarray, weight: np.ndarray, margin: int = 0) -> np.ndarray:
    """(I, H, W) to (O, H', W')."""
    side = weight.shape[2]
    padded = np.pad(x, ((0, 0), (margin, margin), (margin, margin)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
    return np.einsum("ihwyx,oiyx->ohw", seen, weight)


def squares(x: np.ndarray) -> np.ndarray:
    """(C, H, W) to (4 * C, H / 2, W / 2)."""
    channels, height, width = x.shape
    apart = x.reshape(channels, height // 2, 2, width // 2, 2)
    return apart.transpose(2, 4, 0, 1, 3).reshape(4 * channels, height // 2, width // 2)


@pytest.mark.parametrize(("phases", "margin"), [(four_phases.valid, 0), (four_phases.same, 1)])
def test_squares_are_convolved(phases, margin):
    x = RANDOM.normal(size=(3, 8, 12))
    expected = squares(convolve(x, WEIGHT, margin))
    np.testing.assert_allclose(convolve(squares(x), phases(WEIGHT), margin), expected, atol=1e-12)


def test_repeated_pixels_are_seen_before():
    x = RANDOM.normal(size=(3, 4, 6))
    expected = squares(convolve(x.repeat(2, axis=1).repeat(2, axis=2), WEIGHT))
    np.testing.assert_allclose(convolve(x, four_phases.of_repeated(WEIGHT)), expected, atol=1e-12)


def test_a_doubled_map_is_seen_before_but_for_its_border():
    x = RANDOM.normal(size=(3, 5, 6))
    doubled = x
    for axis in (1, 2):
        places = (np.arange(2 * x.shape[axis]) + 0.5) / 2 - 0.5
        lower = np.floor(places).astype(int).clip(0, x.shape[axis] - 2)
        share = (places.clip(0, x.shape[axis] - 1) - lower).reshape((-1, 1) if axis == 1 else -1)
        doubled = doubled.take(lower, axis) * (1 - share) + doubled.take(lower + 1, axis) * share
    expected = squares(convolve(doubled, WEIGHT, 1))[:, 1:-1, 1:-1]
    np.testing.assert_allclose(convolve(x, four_phases.of_enlarged(WEIGHT)), expected, atol=1e-12)
