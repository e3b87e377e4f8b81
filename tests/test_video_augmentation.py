"""What training of models for video changes: the previous alpha, and light."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts import picture_video_training
from src.data.light import Light, draw_light
from src.data.previous_alpha import Shares, disturb, draw_way, previous_alpha
from src.images.affine import Affine, AffineRanges
from src.images.blending import blend
from tests.small_clips import alpha, frame

BEFORE = alpha(5).astype(np.float32) / 255


def unused() -> np.ndarray:
    raise AssertionError("is not needed")


def shares_of(count: int = 20000, **given) -> dict[str, float]:
    rng = np.random.default_rng(0)
    return {way: n / count for way, n in Counter(draw_way(rng, **given) for _ in range(count)).items()}


def test_ways_have_their_shares():
    found = shares_of(has_before=True, can_leave=True)
    expected = {
        "empty": 0.3,
        "left": 0.05,
        "disturbed": 0.65 * 0.24,
        "other": 0.65 * 0.06,
        "kept": 0.65 * 0.7,
    }
    assert found == pytest.approx(expected, abs=0.012)


def test_where_nobody_can_leave_more_is_kept():
    found = shares_of(has_before=True, can_leave=False)
    expected = {"empty": 0.3, "disturbed": 0.7 * 0.24, "other": 0.7 * 0.06, "kept": 0.49}
    assert found == pytest.approx(expected, abs=0.012)


def test_without_a_frame_before_alpha_is_always_empty():
    assert shares_of(100, has_before=False, can_leave=True, shares=Shares(0, 1, 1, 1)) == {"empty": 1}


def test_each_way_gives_the_alpha_it_is_named_for():
    rng = np.random.default_rng(0)
    assert not previous_alpha(rng, "empty", BEFORE, unused).any()
    for way in ("kept", "left"):
        np.testing.assert_array_equal(previous_alpha(rng, way, BEFORE, unused), BEFORE)
    other = np.full_like(BEFORE, 0.25)
    assert previous_alpha(rng, "other", BEFORE, lambda: other) is other
    found = [previous_alpha(np.random.default_rng(seed), "disturbed", BEFORE, unused) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 0.5 and np.abs(found[0] - BEFORE).max() > 0.5
    assert all(each.shape == BEFORE.shape and each.dtype == np.float32 for each in found)


def test_a_disturbed_alpha_moves_within_the_ranges_and_stays_in_0_to_1():
    """A small square in the centre moves by at most a tenth of the side."""
    square = np.zeros((101, 101), np.float32)
    square[48:53, 48:53] = 1
    centres = []
    for seed in range(200):
        found = disturb(np.random.default_rng(seed), square)
        assert found.min() >= 0 and found.max() <= 1 + 1e-6
        assert 25 * 0.85**2 - 1 < found.sum() < 25 * 1.15**2 + 1
        centres.append([(found.sum(axis) * np.arange(101)).sum() / found.sum() for axis in (0, 1)])
    offsets = np.array(centres) - 50
    assert 9 < np.abs(offsets).max() < 10.4 and np.abs(offsets.mean(axis=0)).max() < 1.2
    assert not disturb(np.random.default_rng(0), np.ones((101, 101), np.float32)).all()  # 0 comes in


def test_affine_changes_do_as_they_say():
    """In a picture of 101 x 201 pixels, whose centre is (100, 50)."""
    place = np.array([110, 50, 1])
    np.testing.assert_allclose(Affine().matrix(101, 201) @ place, (110, 50))
    np.testing.assert_allclose(Affine(scale=2).matrix(101, 201) @ place, (120, 50))
    np.testing.assert_allclose(Affine(rotation=90).matrix(101, 201) @ place, (100, 60), atol=1e-9)
    np.testing.assert_allclose(Affine(shift=(0.1, -0.1)).matrix(101, 201) @ place, (130.1, 39.9))
    np.testing.assert_allclose(Affine(shear=45).matrix(101, 201) @ (100, 60, 1), (110, 60))


def test_affine_ranges_are_filled():
    rng, ranges = np.random.default_rng(0), AffineRanges(10, 5, (0.9, 1.1), 0.1)
    drawn = np.array(
        [(a.rotation, a.shear, a.scale, *a.shift) for a in (ranges.draw(rng) for _ in range(2000))]
    )
    least, most = np.array([-10, -5, 0.9, -0.1, -0.1]), np.array([10, 5, 1.1, 0.1, 0.1])
    assert (drawn >= least).all() and (drawn <= most).all()
    assert (np.ptp(drawn, axis=0) > 0.98 * (most - least)).all()


def test_a_point_of_light_by_hand():
    """Of reach 0.5 in a picture of 30 x 40, whose diagonal is 50: 25 pixels."""
    light = Light(0.4, (1, 0.9, 0.8), (10 / 39, 20 / 29), None, 0.5, False)
    found = light.shine(np.full((30, 40, 3), 51, np.uint8)) / 255
    np.testing.assert_allclose(found[20, 10], 0.2 + 0.4 * np.array([1, 0.9, 0.8]), atol=0.003)
    np.testing.assert_allclose(found[20, 20], 0.2 + 0.4 * np.array([1, 0.9, 0.8]) * 0.36, atol=0.003)
    np.testing.assert_allclose(found[20, 36], 0.2, atol=1e-6)
    bright = light.shine(np.full((30, 40, 3), 250, np.uint8))
    assert bright[20, 10].tolist() == [255] * 3 and bright[20, 39].tolist() == [250] * 3


def test_a_line_of_light_by_hand():
    """Upright, at x = 10, of a reach of 5 pixels."""
    light = Light(0.5, (1, 1, 1), (10 / 39, 0.3), np.pi / 2, 0.1, False)
    found = light.shine(np.zeros((30, 40, 3), np.uint8))[..., 0]
    assert (found == found[0]).all()
    np.testing.assert_allclose(found[0, 9:16] / 255, [0.32, 0.5, 0.32, 0.18, 0.08, 0.02, 0], atol=0.003)


def test_light_from_behind_is_that_on_the_background_before_composition():
    person, behind, matte = frame(15), frame(3), alpha(5)
    light = Light(0.6, (1, 0.9, 0.8), (0.5, 0.4), None, 0.6, True)
    expected = blend(person, light.shine(behind), matte).astype(int)
    found = light.shine_behind(blend(person, behind, matte), matte)
    assert light.shine(behind).max() < 255  # nothing becomes white
    np.testing.assert_allclose(found, expected, atol=1.01)
    np.testing.assert_array_equal(found[matte == 255], person[matte == 255])


def test_lights_are_drawn_of_all_kinds_and_in_their_ranges():
    rng = np.random.default_rng(0)
    lights = [draw_light(rng, share=1) for _ in range(2000)]
    assert np.mean([light.is_behind for light in lights]) == pytest.approx(0.3, abs=0.04)
    for is_line, reach, place in ((False, (0.2, 0.8), (-0.2, 1.2)), (True, (0.05, 0.3), (0, 1))):
        some = [light for light in lights if (light.angle is not None) == is_line]
        assert len(some) / 2000 == pytest.approx(0.5, abs=0.04)
        for values, (least, most) in (
            ([light.reach for light in some], reach),
            ([light.place for light in some], place),
            ([light.gain for light in some], (0.2, 0.8)),
            ([light.colour for light in some], (0.8, 1)),
        ):
            assert least <= np.min(values) and np.max(values) <= most
            assert np.ptp(values) > 0.97 * (most - least)
    assert draw_light(np.random.default_rng(5), 1) == draw_light(np.random.default_rng(5), 1)
    lit = [draw_light(rng) is not None for _ in range(2000)]
    assert np.mean(lit) == pytest.approx(0.3, abs=0.04) and draw_light(rng, share=0) is None


def test_the_picture_of_the_documentation_is_that_of_its_command():
    """But for what another OpenCV computes or codes a little differently."""
    shown = cv2.imread(str(Path(__file__).resolve().parent.parent / "docs" / "video_training.jpg"))
    made = picture_video_training.draw()
    assert shown.shape == made.shape and np.abs(shown.astype(int) - made).mean() < 4
