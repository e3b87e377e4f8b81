"""From photo to network input and from alpha back to the photo's size."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from src.description.model_info import ModelInfo
from src.engines.engine import INPUT
from src.images.preprocessing import (
    alpha_to_bytes,
    alpha_to_float,
    normalise,
    resize,
    resize_trimap,
    upsample_alpha,
)
from src.inference.protocol import DEFAULT, PUBLISHED
from src.inference.steps import MattingSteps

MEAN = (114, 121, 134)
SIDES = st.integers(1, 40)


def network_input(photo: np.ndarray, size: int, mean: tuple[float, float, float]) -> np.ndarray:
    (inputs,) = MattingSteps(ModelInfo(size=size, mean=mean), PUBLISHED).prepare(photo)
    return inputs[INPUT]


def test_normalisation_subtracts_the_mean_of_each_channel_and_divides_by_255():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 1] = (255, 0, 100)
    result = normalise(image, MEAN)
    assert (result.shape, result.dtype) == ((3, 2, 3), np.float32)
    np.testing.assert_allclose(result[:, 0, 1], [141 / 255, -121 / 255, -34 / 255], rtol=1e-6)
    np.testing.assert_allclose(result[:, 1, 2], [-114 / 255, -121 / 255, -134 / 255], rtol=1e-6)


def test_normalised_images_of_flipped_photos_are_contiguous():
    assert normalise(np.zeros((4, 6, 3), np.uint8)[::-1, ::-1], MEAN).flags.c_contiguous


@given(height=SIDES, width=SIDES, size=st.sampled_from([16, 32]))
def test_network_input_of_any_photo(height, width, size):
    photo = np.full((height, width, 3), (10, 200, 30), np.uint8)
    result = network_input(photo, size, (10, 100, 30.5))
    assert (result.shape, result.dtype) == ((1, 3, size, size), np.float32)
    expected = np.array([0, 100, -0.5], np.float32) / 255
    np.testing.assert_allclose(result, np.broadcast_to(expected[:, None, None], result.shape), rtol=1e-5)


def test_network_input_is_the_photo_resized():
    photo = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    back = network_input(photo, 16, MEAN)[0].transpose(1, 2, 0) * 255 + MEAN
    np.testing.assert_allclose(back, resize(photo, 16, 16), atol=1e-3)


@given(height=SIDES, width=SIDES, protocol=st.sampled_from([DEFAULT, PUBLISHED]))
def test_a_photo_shrunk_to_the_network_s_size_takes_its_place(height, width, protocol):
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    steps = MattingSteps(ModelInfo(size=16, mean=MEAN), protocol)
    shrunk = steps.shrunk(photo)
    for of_photo, of_shrunk in zip(steps.prepare(photo), steps.prepare(shrunk), strict=True):
        np.testing.assert_array_equal(of_photo[INPUT], of_shrunk[INPUT])
    alpha = np.random.default_rng(1).random(shrunk.shape[:2], np.float32)
    np.testing.assert_array_equal(steps.upsample(photo, alpha, shrunk), steps.upsample(photo, alpha))


@pytest.mark.parametrize("other_side", [11, 33, 66], ids=["shrinks", "stays", "grows"])
@pytest.mark.parametrize("position", range(9, 12))
def test_every_pixel_counts_where_the_photo_shrinks(position, other_side):
    """Otherwise fine hair would come and go; whatever happens to the other side."""
    line = np.zeros((33, 33), np.uint8)
    line[position] = 255
    for result in (resize(line, 11, other_side), resize(line.T, other_side, 11).T):
        expected = np.zeros((11, other_side), np.uint8)
        expected[3] = 255 // 3
        np.testing.assert_array_equal(result, expected)


@given(height=SIDES, width=SIDES, new_height=SIDES, new_width=SIDES, value=st.integers(0, 255))
def test_plain_photos_stay_plain(height, width, new_height, new_width, value):
    photo = np.full((height, width, 3), value, np.uint8)
    np.testing.assert_array_equal(
        resize(photo, new_height, new_width), np.full((new_height, new_width, 3), value, np.uint8)
    )


@given(arrays.arrays(np.uint8, st.tuples(SIDES, SIDES)))
def test_resizing_to_the_same_size_changes_nothing(image):
    np.testing.assert_array_equal(resize(image, *image.shape), image)
    np.testing.assert_array_equal(resize_trimap(image, *image.shape), image)


@given(
    arrays.arrays(np.uint8, st.tuples(SIDES, SIDES), elements=st.sampled_from([0, 128, 255])), SIDES, SIDES
)
def test_resized_trimaps_hold_no_new_value(trimap, height, width):
    result = resize_trimap(trimap, height, width)
    assert (result.shape, result.dtype) == ((height, width), np.uint8)
    assert set(np.unique(result)) <= set(np.unique(trimap))


def test_a_trimap_takes_the_pixel_in_the_middle_of_those_it_replaces():
    """As photo and alpha do, so that all three stay aligned."""
    trimap = np.arange(81, dtype=np.uint8).reshape(9, 9)
    np.testing.assert_array_equal(resize_trimap(trimap, 3, 3), trimap[1::3, 1::3])
    np.testing.assert_array_equal(resize_trimap(trimap[:1], 1, 27), trimap[:1].repeat(3, axis=1))


def test_alpha_goes_from_bytes_to_numbers_and_back():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    numbers = alpha_to_float(values)
    assert numbers.dtype == np.float32
    assert (numbers[0, 0], numbers[15, 15]) == (0, 1)
    np.testing.assert_array_equal(alpha_to_bytes(numbers), values)


def test_alpha_is_rounded_to_the_nearest_byte():
    assert alpha_to_bytes(np.array([0.49, 0.51, 1.49, 254.6], np.float32) / 255).tolist() == [0, 1, 1, 255]


@given(
    arrays.arrays(np.float32, st.tuples(SIDES, SIDES), elements=st.sampled_from([-0.25, 0, 0.5, 1, 1.5])),
    SIDES,
    SIDES,
)
def test_restored_alpha_is_clipped(alpha, height, width):
    restored = upsample_alpha(alpha, height, width)
    assert (restored.shape, restored.dtype) == ((height, width), np.float32)
    assert restored.min() >= 0
    assert restored.max() <= 1


def test_restored_alpha_is_bicubic_and_clips_its_overshoot():
    edge = np.zeros((8, 8), np.float32)
    edge[:, 4:] = 1
    bicubic = cv2.resize(edge, (32, 16), interpolation=cv2.INTER_CUBIC)
    assert bicubic.min() < 0 and bicubic.max() > 1
    np.testing.assert_array_equal(upsample_alpha(edge, 16, 32), np.clip(bicubic, 0, 1))


def test_restored_alpha_of_the_same_size_is_left_as_it_is():
    alpha = np.random.default_rng(0).random((16, 16), np.float32)
    np.testing.assert_array_equal(upsample_alpha(alpha, 16, 16), alpha)
