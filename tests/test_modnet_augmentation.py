"""MODNet's augmentations of arrays: previous alphas, light, trimaps."""

import numpy as np
import pytest

from src.data.added_light import add_light, draw_falloff, draw_light, falloff
from src.data.previous_alpha import disturb, draw_previous
from src.images.trimap import draw_trimap_sides, soft_trimap


def disc(size: int = 64, radius: float = 15.0) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    distance = np.hypot(rows - size / 2, columns - size / 2)
    return np.clip((radius - distance) / 3 + 0.5, 0, 1).astype(np.float32)


def test_previous_alphas_have_their_frequencies():
    rng, alpha, other = np.random.default_rng(0), disc(), np.full((64, 64), 0.25, np.float32)
    counts = dict.fromkeys(("empty", "true", "other", "disturbed"), 0)
    for _ in range(2000):
        previous = draw_previous(rng, alpha, other)
        assert previous.dtype == np.float32 and previous.min() >= 0 and previous.max() <= 1
        kind = "empty" if not previous.any() else "true" if previous is alpha else "disturbed"
        counts["other" if previous is other else kind] += 1
    expected = {"empty": 0.3, "true": 0.49, "other": 0.042, "disturbed": 0.168}
    for kind, share in expected.items():
        assert counts[kind] / 2000 == pytest.approx(share, abs=0.035), kind


def test_a_disturbed_alpha_moves_and_keeps_its_size_within_bounds():
    rng, alpha = np.random.default_rng(1), disc()
    shifts, areas = [], []
    rows, columns = np.mgrid[:64, :64]
    for _ in range(200):
        moved = disturb(rng, alpha)
        area = moved.sum()
        shifts.append([(moved * axis).sum() / area - 32 for axis in (rows, columns)])
        areas.append(area / alpha.sum())
    assert 5 < np.abs(shifts).max() < 0.1 * 64 + 1
    assert 0.85**2 * 0.97 < min(areas) < 0.8 and 1.2 < max(areas) < 1.15**2 * 1.03


def test_light():
    np.testing.assert_allclose(falloff(np.array([0, 5, 10, 20]), 10), [1, 0.25, 0, 0])
    image = np.full((4, 4, 3), 0.5, np.float32)
    light = np.zeros((4, 4), np.float32)
    light[1, 2], light[3, 3] = 0.5, 1
    lit = add_light(image, light, 0.6, np.array([1, 0.9, 0.8]))
    np.testing.assert_allclose(lit[1, 2], [0.8, 0.77, 0.74], atol=1e-6)
    np.testing.assert_allclose(lit[3, 3], [1, 1, 0.98], atol=1e-6)
    assert (lit[0] == 0.5).all()


def test_light_is_drawn_sometimes_and_only_brightens():
    rng = np.random.default_rng(2)
    photo = np.full((40, 60, 3), 90, np.uint8)
    lit = [draw_light(rng, photo) for _ in range(300)]
    assert all(each.dtype == np.uint8 and (each >= photo).all() for each in lit)
    share = np.mean([(each != photo).any() for each in lit])
    assert 0.18 < share < 0.36
    falls = [draw_falloff(rng, 40, 60) for _ in range(50)]
    assert all(each.min() >= 0 and each.max() <= 1 for each in falls)


def test_trimap():
    alpha = disc()
    trimap = soft_trimap(alpha, 5, 7)
    assert set(np.unique(trimap)) == {0, 0.5, 1}
    row = trimap[32]
    opaque, present = (alpha[32] >= 0.9).sum(), (alpha[32] > 0).sum()
    assert (row == 1).sum() == opaque - 4
    assert (row > 0).sum() == present + 6
    sides = np.array([draw_trimap_sides(np.random.default_rng(seed), 512) for seed in range(100)])
    assert sides.min() >= 20 and sides.max() <= 40 and len(np.unique(sides)) > 8
