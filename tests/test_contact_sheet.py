"""Pictures for people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from src.images.blending import cutout, on_checkerboard
from src.images.contact_sheet import contact_sheet

SIDE = 16  # of a checkerboard's square
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))
PHOTOS_AND_ALPHAS = SHAPES.flatmap(
    lambda shape: st.tuples(arrays.arrays(np.uint8, (*shape, 3)), arrays.arrays(np.uint8, shape))
)


def plain(value, height: int, width: int) -> np.ndarray:
    return np.full((height, width, *np.shape(value)), value, np.uint8)


@given(PHOTOS_AND_ALPHAS)
def test_a_cutout_keeps_every_value(pair):
    photo, alpha = pair
    result = cutout(photo, alpha)
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result[..., :3], photo)
    np.testing.assert_array_equal(result[..., 3], alpha)


def test_the_checkerboard_shows_where_alpha_is_0():
    result = on_checkerboard(plain((1, 2, 3), 40, 50), plain(0, 40, 50))
    assert set(np.unique(result)) == {205, 255}
    np.testing.assert_array_equal(result[:, :, 0], result[:, :, 2])
    for row in range(0, 32, SIDE):
        for column in range(0, 32, SIDE):
            square = result[row : row + SIDE, column : column + SIDE]
            assert (square == square[0, 0]).all()
            assert (result[row + SIDE - 1, column] != result[row + SIDE, column]).all()
            assert (result[row, column + SIDE - 1] != result[row, column + SIDE]).all()


@given(PHOTOS_AND_ALPHAS)
def test_a_composite_is_exact_where_alpha_is_0_or_255_and_between_elsewhere(pair):
    photo, alpha = pair
    alpha = np.where(alpha < 60, 0, np.where(alpha > 200, 255, alpha)).astype(np.uint8)
    board = on_checkerboard(photo, np.zeros_like(alpha))
    result = on_checkerboard(photo, alpha)
    np.testing.assert_array_equal(result[alpha == 255], photo[alpha == 255])
    np.testing.assert_array_equal(result[alpha == 0], board[alpha == 0])
    assert (result >= np.minimum(photo, board)).all()
    assert (result <= np.maximum(photo, board)).all()


def test_half_of_a_photo_and_half_of_the_checkerboard():
    result = on_checkerboard(plain((0, 100, 255), 1, 1), plain(51, 1, 1))
    shade = int(on_checkerboard(plain((0, 100, 255), 1, 1), plain(0, 1, 1))[0, 0, 0])
    expected = [round(0.2 * value + 0.8 * shade) for value in (0, 100, 255)]
    assert result[0, 0].tolist() == expected


def sheet(rows: int, shapes: list[tuple[int, int]], **options) -> np.ndarray:
    """A sheet of grey images of these shapes in every row."""
    row = [plain(90, *shape) for shape in shapes]
    return contact_sheet([row] * rows, [f"title {i}" for i in range(len(shapes))], **options)


def test_a_sheet_grows_with_its_rows_and_columns():
    small, high, wide = sheet(1, [(60, 40)]), sheet(3, [(60, 40)]), sheet(1, [(60, 40)] * 2)
    assert small.dtype == np.uint8
    row_height = (high.shape[0] - small.shape[0]) // 2
    assert 0 < row_height < small.shape[0] < 2 * row_height
    assert high.shape == (small.shape[0] + 2 * row_height, small.shape[1], 3)
    assert wide.shape == (small.shape[0], 2 * small.shape[1], 3)


def test_images_of_every_kind_and_size_share_a_sheet():
    rows = [
        [plain((10, 20, 30), 50, 40), plain(200, 50, 40)],
        [plain((10, 20, 30), 7, 30), plain(200, 90, 3)],
        [plain((10, 20, 30), 300, 1), plain(200, 1, 2)],
    ]
    result = contact_sheet(rows, ["", ""])
    assert result.dtype == np.uint8
    colors = np.unique(result.astype(int) @ (1, 1000, 1000000))
    assert colors.tolist() == [30020010, 200200200, 255255255]


def test_images_keep_their_proportions():
    narrow, wide = sheet(1, [(100, 50)]), sheet(1, [(100, 200)])
    counts = [int((result == 90).all(axis=-1).sum()) for result in (narrow, wide)]
    assert counts[1] == pytest.approx(4 * counts[0], rel=0.02)


def test_columns_carry_their_titles():
    image = plain(255, 60, 60)
    untitled, titled, other = (contact_sheet([[image]], [title]) for title in ("", "photo", "alpha"))
    assert (untitled == 255).all()
    assert (titled < 100).any()
    assert (titled != other).any()


def test_rows_carry_their_captions():
    plain_sheet, captioned = sheet(2, [(60, 60)] * 2), sheet(2, [(60, 60)] * 2, captions=["one", "two"])
    assert plain_sheet.shape == captioned.shape
    changed = (plain_sheet != captioned).any(axis=(0, 2))
    assert changed.any()
    assert not changed[len(changed) // 2 :].any()


@pytest.mark.parametrize("titles", [["one"], ["one", "two", "three"]])
def test_titles_and_images_must_match(titles):
    with pytest.raises((ValueError, IndexError)):
        contact_sheet([[plain(90, 60, 40)] * 2], titles)
