"""MODNet's trimaps, made from alpha."""

import numpy as np

from src.images.trimap import draw_trimap_sides, soft_trimap


def disc(size: int = 64, radius: float = 15.0) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    distance = np.hypot(rows - size / 2, columns - size / 2)
    return np.clip((radius - distance) / 3 + 0.5, 0, 1).astype(np.float32)


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
