"""The trimap and its classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from src.images.trimap import (
    GRAY_OF_CLASS,
    TrimapClass,
    class_map_to_trimap,
    make_trimap,
    trimap_to_class_map,
)

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=24)
# Mattes are mostly plain: values are drawn from few, so that certain regions occur.
ALPHAS = arrays.arrays(
    np.uint8,
    SHAPES,
    elements=st.sampled_from([0, 0, 0, 1, 127, 249, 250, 254, 255, 255, 255]),
    fill=st.sampled_from([0, 255]),
)
SIZES = st.integers(1, 15)


def certain(trimap: np.ndarray) -> np.ndarray:
    return trimap != 128


@given(ALPHAS, SIZES)
def test_exactly_three_values(alpha, size):
    trimap = make_trimap(alpha, size)
    assert trimap.dtype == np.uint8
    assert trimap.shape == alpha.shape
    assert set(np.unique(trimap)) <= {0, 128, 255}


@given(ALPHAS, SIZES)
def test_soft_alpha_is_never_certain(alpha, size):
    trimap = make_trimap(alpha, size)
    assert (trimap[(alpha > 0) & (alpha < 250)] == 128).all()
    assert (alpha[trimap == 255] >= 250).all()
    assert (alpha[trimap == 0] == 0).all()


@given(ALPHAS, SIZES, SIZES)
def test_a_larger_kernel_is_never_more_certain(alpha, one, other):
    """For sizes both odd or both even: others are centred half a pixel apart."""
    small, large = sorted((one, other))
    large += (large - small) % 2
    fine, coarse = make_trimap(alpha, small), make_trimap(alpha, large)
    assert (fine[certain(coarse)] == coarse[certain(coarse)]).all()


@given(ALPHAS)
def test_a_kernel_of_one_pixel_leaves_soft_alpha_alone_unsure(alpha):
    np.testing.assert_array_equal(certain(make_trimap(alpha, 1)), (alpha == 0) | (alpha >= 250))


@given(SHAPES, SIZES, st.sampled_from([0, 255]))
def test_plain_mattes_are_certain_everywhere(shape, size, value):
    assert (make_trimap(np.full(shape, value, np.uint8), size) == value).all()


@pytest.mark.parametrize(("size", "width"), [(1, 0), (3, 2), (5, 4), (9, 8), (10, 9)])
def test_width_of_the_unsure_band(size, width):
    """Along a sharp edge the band is as wide as the kernel less one pixel."""
    alpha = np.zeros((40, 60), np.uint8)
    alpha[:, 30:] = 255
    band = (make_trimap(alpha, size) == 128).sum(axis=1)
    assert (band == width).all()


def test_hole_in_the_foreground_is_unsure():
    alpha = np.full((40, 40), 255, np.uint8)
    alpha[20, 20] = 100
    trimap = make_trimap(alpha, 5)
    assert (trimap[18:23, 18:23] == 128).all()
    assert (trimap == 128).sum() == 25


@given(arrays.arrays(np.uint8, SHAPES, elements=st.sampled_from([0, 128, 255])))
def test_classes_and_grey_values_go_both_ways(trimap):
    np.testing.assert_array_equal(class_map_to_trimap(trimap_to_class_map(trimap)), trimap)


@given(arrays.arrays(np.uint8, SHAPES))
def test_every_grey_value_has_a_class(trimap):
    classes = trimap_to_class_map(trimap)
    assert classes.dtype == np.int32
    assert ((classes == TrimapClass.BACKGROUND) == (trimap == 0)).all()
    assert ((classes == TrimapClass.FOREGROUND) == (trimap == 255)).all()
    assert set(np.unique(classes)) <= set(TrimapClass)


def test_order_of_the_classes():
    assert (TrimapClass.BACKGROUND, TrimapClass.FOREGROUND, TrimapClass.UNSURE) == (0, 1, 2)
    assert GRAY_OF_CLASS.tolist() == [0, 255, 128]
