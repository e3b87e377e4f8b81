"""Mean and deviation of many images, from exact sums."""

import numpy as np
import pytest

from src.generation.pixel_sums import PixelSums


@pytest.mark.parametrize("size", [(800, 600), (600, 800), (1333, 1000), (48, 64)])
@pytest.mark.parametrize("value", [255, 254, 1])
def test_sums_of_a_plain_image_are_exact(size, value):
    sums = PixelSums.of(np.full(size, value, np.uint8))
    pixels = size[0] * size[1]
    assert sums == PixelSums(pixels, (value * pixels,), (value * value * pixels,))
    assert sums.mean() == [value] and sums.deviation() == [0]


def test_sums_of_several_photos():
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (height, 601, 3), np.uint8) for height in (799, 803)]
    sums = PixelSums.total(map(PixelSums.of, photos))
    values = np.concatenate(photos).reshape(-1, 3).astype(np.int64)
    assert sums == PixelSums(len(values), tuple(values.sum(0)), tuple((values**2).sum(0)))
    np.testing.assert_allclose(sums.deviation(), values.std(0), rtol=1e-12)


def test_sums_that_older_code_made_too_small_still_give_a_deviation():
    assert PixelSums(480_000, (255 * 480_000,), (255**2 * 480_000 - 1,)).deviation() == [0]
