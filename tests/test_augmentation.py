"""Random changes to samples: aligned, as often as they should be, for photos of any size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.augmentation import Augmentation, draw_augmentation

PATCH = 32
DRAWS = 2000


def draw_many(height: int, width: int, vertical_flip: bool = False) -> list[Augmentation]:
    rng = np.random.default_rng(0)
    return [draw_augmentation(rng, height, width, PATCH, vertical_flip) for _ in range(DRAWS)]


def coded_sample(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An image whose channels say row, column and alpha; a trimap that follows alpha."""
    rows, columns = np.mgrid[:height, :width]
    rows, columns = rows * 255 // max(height - 1, 1), columns * 255 // max(width - 1, 1)
    alpha = (rows // 2 + columns // 2).astype(np.uint8)
    image = np.dstack([rows, columns, alpha]).astype(np.uint8)
    return image, trimap_of(alpha), alpha


def trimap_of(alpha: np.ndarray) -> np.ndarray:
    return np.select([alpha < 85, alpha > 170], [0, 255], 128).astype(np.uint8)


def share(choices: list[bool]) -> float:
    return sum(choices) / len(choices)


@given(seed=st.integers(0, 2**32), height=st.integers(1, 90), width=st.integers(1, 90), flips=st.booleans())
def test_image_trimap_and_alpha_stay_aligned(seed, height, width, flips):
    image, trimap, alpha = coded_sample(height, width)
    changes = draw_augmentation(np.random.default_rng(seed), height, width, PATCH, flips)
    new_image, new_trimap, new_alpha = changes.apply(image, trimap, alpha, PATCH)
    assert new_image.shape == (PATCH, PATCH, 3)
    assert new_trimap.shape == new_alpha.shape == (PATCH, PATCH)
    assert set(np.unique(new_trimap)) <= {0, 128, 255}
    np.testing.assert_array_equal(new_image[..., 2], new_alpha)
    # The trimap jumps where alpha slopes: they may differ as far as alpha changes over one pixel.
    slope = 255 // max(min(height, width, PATCH) - 1, 1) + 2
    lowest, highest = (np.clip(new_alpha.astype(int) + step, 0, 255) for step in (-slope, slope))
    assert ((trimap_of(lowest) <= new_trimap) & (new_trimap <= trimap_of(highest))).all()


@given(seed=st.integers(0, 2**32), height=st.integers(1, 90), width=st.integers(1, 90))
def test_the_cut_lies_within_the_photo(seed, height, width):
    changes = draw_augmentation(np.random.default_rng(seed), height, width, PATCH, False)
    assert 0 <= changes.top < changes.top + changes.height <= height
    assert 0 <= changes.left < changes.left + changes.width <= width


@pytest.mark.parametrize(
    ("flips", "expected"),
    [
        ((False, False), lambda image: image),
        ((True, False), lambda image: image[:, ::-1]),
        ((False, True), lambda image: image[::-1]),
        ((True, True), lambda image: image[::-1, ::-1]),
    ],
)
def test_cut_and_flips_are_exact(flips, expected):
    sample = coded_sample(50, 60)
    results = Augmentation(3, 11, PATCH, PATCH, *flips).apply(*sample, PATCH)
    for result, original in zip(results, sample, strict=True):
        np.testing.assert_array_equal(result, expected(original[3 : 3 + PATCH, 11 : 11 + PATCH]))


def test_each_choice_is_made_half_of_the_time():
    draws = draw_many(100, 120, vertical_flip=True)
    crops = [changes for changes in draws if changes.height < 100]
    assert share([changes.flip_horizontally for changes in draws]) == pytest.approx(0.5, abs=0.04)
    assert share([changes.flip_vertically for changes in draws]) == pytest.approx(0.5, abs=0.04)
    assert len(crops) / DRAWS == pytest.approx(0.5, abs=0.04)
    assert share([changes.height != PATCH for changes in crops]) == pytest.approx(0.5, abs=0.08)


def test_choices_do_not_depend_on_each_other():
    draws = draw_many(100, 120, vertical_flip=True)
    for first, second in (
        ([c.flip_horizontally for c in draws], [c.flip_vertically for c in draws]),
        ([c.height < 100 for c in draws], [c.flip_horizontally for c in draws]),
    ):
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.08


def test_photos_are_flipped_upside_down_only_when_asked():
    assert not any(changes.flip_vertically for changes in draw_many(100, 120))


def test_scales_range_from_three_to_five_quarters():
    """Cropping 32 pixels of a photo scaled by s equals cropping 32 / s of the photo itself."""
    sides = {changes.height for changes in draw_many(100, 120)} - {100}
    assert (min(sides), max(sides)) == (round(PATCH / 1.25), round(PATCH / 0.75))
    assert len(sides) == max(sides) - min(sides) + 1


def test_cuts_are_square_and_lie_everywhere():
    cuts = [changes for changes in draw_many(40, 45) if changes.height == PATCH]
    assert all(changes.width == PATCH for changes in cuts)
    assert {changes.top for changes in cuts} == set(range(40 - PATCH + 1))
    assert {changes.left for changes in cuts} == set(range(45 - PATCH + 1))


@pytest.mark.parametrize(("height", "width"), [(10, 12), (10, 200), (200, 10), (1, 1)])
def test_photos_smaller_than_any_cut_are_stretched_whole(height, width):
    for changes in draw_many(height, width):
        assert (changes.top, changes.left, changes.height, changes.width) == (0, 0, height, width)


def test_the_same_generator_draws_the_same_changes():
    assert draw_many(100, 120) == draw_many(100, 120)
    assert len(set(draw_many(100, 120))) > DRAWS // 3
