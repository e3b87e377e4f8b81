"""Foreground colours where the background shines through."""

import cv2
import numpy as np
import pytest

from src.images.foreground import estimate_foreground

RED, BLUE = (0, 0, 220), (210, 0, 0)  # BGR


def soft_disc(size: int) -> np.ndarray:
    alpha = np.zeros((size, size), np.float32)
    cv2.circle(alpha, (size // 2, size // 2), size // 4, 1, -1)
    return np.round(cv2.GaussianBlur(alpha, (0, 0), size / 20) * 255).astype(np.uint8)


def mixed(foreground, background, alpha: np.ndarray) -> np.ndarray:
    weight = alpha[..., np.newaxis] / 255
    return np.round(weight * foreground + (1 - weight) * np.array(background)).astype(np.uint8)


def test_the_rim_has_nothing_of_the_background():
    alpha = soft_disc(96)
    foreground = estimate_foreground(mixed(RED, BLUE, alpha), alpha)
    assert np.abs(foreground[alpha > 60].astype(int) - RED).max() < 40
    rim = (alpha > 60) & (alpha < 200)
    assert np.abs(mixed(RED, BLUE, alpha)[rim].astype(int) - RED).max() > 100


def test_a_large_photo_keeps_its_detail_where_it_is_soft(monkeypatch):
    """It is estimated smaller, where fine stripes are gone."""
    monkeypatch.setattr("src.images.foreground._MOST_PIXELS", 32 * 32)
    stripes = np.full((128, 128, 3), 100, np.uint8)
    stripes[:, ::2] = 180
    alpha = np.full((128, 128), 204, np.uint8)
    foreground = estimate_foreground(mixed(stripes, (30, 30, 30), alpha), alpha)
    middle = (slice(16, -16), slice(16, -16))
    assert np.abs(foreground[middle].astype(int) - stripes[middle]).mean() < 25  # 40 without the stripes


def test_what_is_opaque_stays_as_it_is():
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    np.testing.assert_array_equal(estimate_foreground(image, np.full((40, 30), 255, np.uint8)), image)


def test_strands_keep_their_own_colours():
    """Nine tenths of what the background added to hair is taken out, and four fifths at half the size."""
    rng = np.random.default_rng(3)
    alpha = np.zeros((240, 200), np.uint8)
    cv2.circle(alpha, (100, 150), 60, 255, -1)
    for angle in rng.uniform(0, 2 * np.pi, 150):
        end = (100 + 95 * np.cos(angle), 150 + 95 * np.sin(angle))
        cv2.line(alpha, (100, 150), tuple(int(each) for each in end), 255, 1, cv2.LINE_AA)
    alpha = cv2.GaussianBlur(alpha, (3, 3), 0)
    across = np.linspace(0, 1, 200)[np.newaxis, :, np.newaxis]
    hair = np.broadcast_to(20 + across * np.array([60, 40, 90]), (240, 200, 3))
    image = mixed(hair, (1 - across) * np.array([250, 200, 60]) + across * np.array([90, 230, 240]), alpha)
    soft = (alpha > 0) & (alpha < 255)
    shown = alpha[soft, np.newaxis] / 255  # a new background shows this share of an error
    before = (np.abs(image[soft] - hair[soft]) * shown).mean()
    for scale, left in ((1, 0.1), (0.5, 0.2)):
        error = np.abs(estimate_foreground(image, alpha, scale)[soft] - hair[soft]) * shown
        assert error.mean() < left * before


def test_any_size_has_foreground_colours():
    for height, width in ((1, 1), (1, 40), (2, 3), (33, 1)):
        image = np.full((height, width, 3), (10, 200, 90), np.uint8)
        alpha = np.linspace(0, 255, height * width).astype(np.uint8).reshape(height, width)
        np.testing.assert_allclose(estimate_foreground(image, alpha), image, atol=1)


@pytest.mark.parametrize("opacity", [0, 255])
def test_where_nothing_is_soft_nothing_is_estimated(opacity):
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    alpha = np.full((40, 30), opacity, np.uint8)
    for scale in (1, 0.5):
        foreground = estimate_foreground(image, alpha, scale)
        assert foreground.shape == image.shape
        assert (foreground == image).all() or opacity == 0
