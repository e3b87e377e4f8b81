"""Bringing alpha from the network's size to the photo's."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.images.letterbox import letterbox, letterbox_place
from src.images.preprocessing import resize, upsample_alpha
from src.inference.guided_filter import _PAIRS, _solve, guided_filter
from src.metric import gradient_error, sad
from src.portrait.scene import render_portrait
from tests.matting_source import make_photo


@given(value=st.floats(0, 1), height=st.integers(8, 300), width=st.integers(8, 300))
def test_constant_alpha_stays_constant(value, height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    refined = guided_filter(image, np.full((8, 8), value, np.float32))
    assert refined.shape == (height, width) and refined.dtype == np.float32
    np.testing.assert_allclose(refined, value, atol=1e-6)


def test_alpha_that_is_linear_in_colour_comes_back_exactly():
    """At full size, from an eighth of it."""
    noise = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    image = cv2.resize(noise, (320, 320), interpolation=cv2.INTER_CUBIC)
    weights = np.float32([0.2, 0.3, 0.4])
    true_alpha = (image / np.float32(255)) @ weights
    small = cv2.resize(true_alpha, (40, 40), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(guided_filter(image, small), true_alpha, atol=0.02)
    assert np.abs(upsample_alpha(small, 320, 320) - true_alpha).max() > 0.1


def test_hair_is_sharper_than_by_plain_enlarging():
    errors = {"guided": [], "none": []}
    for index in range(0, 16, 4):
        image, alpha = render_portrait(3, index)
        true_alpha = alpha / np.float32(255)
        small = cv2.resize(true_alpha, (240, 320), interpolation=cv2.INTER_AREA)
        for name, alpha in (
            ("guided", guided_filter(image, small)),
            ("none", upsample_alpha(small, 800, 600)),
        ):
            errors[name].append((sad(alpha, true_alpha), gradient_error(alpha, true_alpha)))
    guided, plain = (np.mean(errors[name], axis=0) for name in ("guided", "none"))
    assert guided[0] < 0.95 * plain[0]  # measured here
    assert guided[1] < 0.8 * plain[1]


def test_strips_meet_without_a_seam(monkeypatch):
    image = make_photo(2)
    small = np.random.default_rng(0).random((12, 10), np.float32)
    whole = guided_filter(image, small)
    monkeypatch.setattr("src.inference.guided_filter._STRIP_PIXELS", 60)
    np.testing.assert_allclose(guided_filter(image, small), whole, atol=1e-5)


def test_only_where_alpha_varies_is_anything_computed(monkeypatch):
    """The same as if all were."""
    image = make_photo(2)
    small = np.zeros((40, 30), np.float32)
    small[5:9, 20:] = np.random.default_rng(0).random((4, 10))
    small[20:, 12:15] = 1
    sharp = guided_filter(image, small)
    monkeypatch.setattr("src.inference.guided_filter._around", lambda _: (slice(None), slice(None)))
    monkeypatch.setattr("src.inference.guided_filter._REACH", np.ones((99, 99), np.uint8))
    np.testing.assert_allclose(guided_filter(image, small), sharp, atol=1e-6)


@pytest.mark.parametrize("shape", [(40000, 3), (3, 40000), (70000, 1), (1, 70000)])
def test_long_sides(shape):
    """Alpha that grows along the photo, and is the same in both directions."""
    small = np.linspace(0, 1, 16, dtype=np.float32)
    small = small[:, np.newaxis] if shape[0] > shape[1] else small[np.newaxis]
    alpha = guided_filter(np.full((*shape, 3), 90, np.uint8), small)
    profile = alpha.mean(axis=alpha.shape.index(min(shape)))
    assert alpha.shape == shape and np.abs(np.diff(profile)).max() < 3e-3
    assert profile[-1] - profile[0] > 0.8 and np.diff(profile).min() > -1e-5


@given(
    height=st.integers(1, 400),
    width=st.integers(1, 400),
    size=st.integers(1, 20).map(lambda count: 16 * count),
)
def test_a_letterboxed_photo_keeps_its_shape(height, width, size):
    image = np.full((height, width, 3), 200, np.uint8)
    square, place = letterbox(image, size, (10, 20, 30)), letterbox_place(height, width, size)
    assert square.shape == (size, size, 3)
    assert max(place.height, place.width) == size
    assert place.height == pytest.approx(max(1, height * size / max(height, width)), abs=0.5)
    assert place.width == pytest.approx(max(1, width * size / max(height, width)), abs=0.5)
    assert (place.cut(square) == 200).all()
    assert np.count_nonzero(square[..., 0] == 200) == place.height * place.width
    bars = np.ones((size, size), bool)
    place.cut(bars)[:] = False
    assert (square[bars] == (10, 20, 30)).all()


def test_the_photo_in_the_middle_is_the_resized_photo():
    image = make_photo(3)
    square, place = letterbox(image, 64, (0, 0, 0)), letterbox_place(*image.shape[:2], 64)
    np.testing.assert_array_equal(place.cut(square), resize(image, place.height, place.width))
    assert abs(place.top - (64 - place.top - place.height)) <= 1
    assert abs(place.left - (64 - place.left - place.width)) <= 1


def test_equations_of_grey_photos_are_solved_exactly():
    """Nearly singular: their channels are the same."""
    grey = np.random.default_rng(4).random((20, 30, 1))
    matrices = grey[..., np.newaxis] * np.ones((3, 3)) + 1e-5 * np.eye(3)
    matrices = matrices.astype(np.float32)
    right = np.random.default_rng(5).random((20, 30, 3)).astype(np.float32)
    expected = np.linalg.solve(matrices.astype(float), right.astype(float)[..., np.newaxis])[..., 0]
    planes = [matrices[..., i, j] for i, j in _PAIRS]
    np.testing.assert_allclose(np.dstack(_solve(planes, right.transpose(2, 0, 1))), expected, rtol=1e-5)
