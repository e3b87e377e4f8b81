"""Samples of Background Matting V2: geometry, composition, what is drawn how often, and colours."""

import cv2
import numpy as np
import pytest

from src.data import plate_sample
from src.data.plate_sample import PlateSample, SampleMaker
from src.images.affine import AffineRanges
from src.images.colour_jitter import ColourJitter

SIDE = 64
SIZE = (48, 64)
DRAWS = 150


class Largest:
    """Draws the largest value of each range."""

    def uniform(self, low: float, high: float) -> float:
        return high


@pytest.fixture
def pictures() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    alpha = np.zeros((60, 90), np.float32)
    cv2.circle(alpha, (45, 30), 20, 1.0, -1)
    return {
        "foreground": rng.random((60, 90, 3), np.float32),
        "alpha": alpha,
        "plate": cv2.blur(rng.random((70, 80, 3), np.float32), (9, 9)),
    }


def train(pictures: dict[str, np.ndarray], seed: int) -> PlateSample:
    return SampleMaker(SIDE, 0.4).for_training(np.random.default_rng(seed), **pictures, size=SIZE)


def test_pictures_longer_than_opencv_can_map_are_shrunk(pictures):
    panorama = np.tile(pictures["plate"][:8], (1, 500, 1))
    sample = train({**pictures, "plate": panorama}, 1)
    assert sample.plate.shape == (*SIZE, 3) and 0.2 < sample.plate.mean() < 0.8
    line = train({**pictures, "plate": panorama[:1]}, 1)
    assert line.plate.shape == (*SIZE, 3)


def test_samples_repeat_and_have_the_size_asked_for(pictures):
    one, again, other = train(pictures, 1), train(pictures, 1), train(pictures, 2)
    for first, second, third in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(first, second)
        assert (first != third).any()
        assert first.dtype == np.float32
        assert first.min() >= 0 and first.max() <= 1
    assert one.image.shape == one.plate.shape == one.foreground.shape == (*SIZE, 3)
    assert one.alpha.shape == SIZE


def test_what_is_drawn_for_some_samples_comes_as_often_as_it_should(pictures):
    noisy = plain = 0
    for seed in range(DRAWS):
        image, plate, alpha, foreground = train(pictures, seed)
        inside, outside = alpha == 1, alpha == 0
        noisy += bool(inside.any() and (image[inside] != foreground[inside]).any())
        plain += bool(np.array_equal(image[outside], plate[outside]))
    assert 0.3 < noisy / DRAWS < 0.5  # 0.4
    assert 0.01 < plain / DRAWS < 0.14  # 0.7 * 0.6 * 0.2 * 0.7: neither shadow, noise, colours nor shift


def test_shadows_darken_the_photo_alone(pictures, monkeypatch):
    """And about every third photo has one: of three tenths, those that the person does not hide."""
    shaded = [train(pictures, seed) for seed in range(DRAWS)]
    cast = plate_sample._cast_shadow

    def draw_but_leave_bright(rng, plate, alpha):
        cast(rng, plate, alpha)  # what is random afterwards stays the same
        return plate

    monkeypatch.setattr(plate_sample, "_cast_shadow", draw_but_leave_bright)
    darkened = 0
    for seed, photo in enumerate(shaded):
        plain = train(pictures, seed)
        np.testing.assert_array_equal(photo.plate, plain.plate)
        assert (photo.image <= plain.image + 1e-6).all()
        darkened += bool((photo.image < plain.image - 0.005).any())
    assert 0.15 < darkened / DRAWS < 0.35


def test_validation_composes_the_whole_square_without_changes(pictures):
    pictures["foreground"] = np.repeat(pictures["alpha"][..., np.newaxis], 3, 2)
    sample = SampleMaker(SIDE, 0.4).for_validation(np.random.default_rng(3), **pictures)
    alpha = sample.alpha[..., np.newaxis]
    np.testing.assert_allclose(sample.foreground, np.repeat(alpha, 3, 2), atol=1e-6)
    expected = sample.foreground * alpha + sample.plate * (1 - alpha)
    np.testing.assert_allclose(sample.image, expected, atol=1e-6)
    assert sample.image.shape == (SIDE, SIDE, 3)
    cover = SIDE / 60
    assert 0.4 * 20 * cover < np.sqrt(sample.alpha.sum() / np.pi) < 1.02 * 20 * cover


def test_a_picture_covers_the_square():
    still = AffineRanges(rotation=0, shear=0, scale=(1, 1), shift=0)
    maker = SampleMaker(SIDE, 0.4)
    wide = np.tile(np.linspace(0, 1, 128, dtype=np.float32), (64, 1))
    (found,) = maker._fit(np.random.default_rng(0), [wide], still)
    np.testing.assert_allclose(found, wide[:, 32:96], atol=1e-5)


def test_colours():
    rng = np.random.default_rng(4)
    image = rng.random((5, 6, 3), np.float32)
    np.testing.assert_allclose(ColourJitter(0, 0, 0, 0).apply(rng, image), image, atol=1e-5)
    dark = image / 2
    brighter = ColourJitter(0.5, 0, 0, 0).apply(Largest(), dark)
    np.testing.assert_allclose(brighter, 1.5 * dark, atol=1e-5)
    np.testing.assert_allclose(
        ColourJitter(0.25, 0, 0, 0, adds=True).apply(Largest(), dark), dark + 0.25, atol=1e-5
    )
    red = np.zeros((1, 1, 3), np.float32)
    red[..., 0] = 1
    np.testing.assert_allclose(ColourJitter(0, 0, 0, 1 / 3).apply(Largest(), red)[0, 0], [0, 1, 0], atol=1e-5)
    grey = np.float32([0.299, 0.587, 0.114]) @ dark[0, 0]
    found = ColourJitter(0, 0, 0.1, 0).apply(Largest(), dark)[0, 0]
    np.testing.assert_allclose(found, np.clip(grey + 1.1 * (dark[0, 0] - grey), 0, 1), atol=1e-5)
