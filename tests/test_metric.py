"""The error measures of alpha and of classes."""

import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from src.metric import (
    METRICS,
    connectivity_error,
    gradient_error,
    intersection_and_union,
    mad,
    mse,
    person_iou,
    sad,
)

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=12)
# Eighths: their sums and differences are exact, and none is at a threshold of connectivity but 0.5 and 1.
LEVELS = st.sampled_from([0.0, 0.0, 0.125, 0.375, 0.5, 0.625, 0.875, 1.0, 1.0])


def alphas(shape) -> st.SearchStrategy:
    return arrays.arrays(np.float32, shape, elements=LEVELS, fill=st.nothing())


PAIRS = SHAPES.flatmap(lambda shape: st.tuples(alphas(shape), alphas(shape)))


def plain(value: float, shape=(20, 30)) -> np.ndarray:
    return np.full(shape, value, np.float32)


def with_blob(alpha: np.ndarray, top: int, left: int, height: int, width: int, value: float) -> np.ndarray:
    result = alpha.copy()
    result[top : top + height, left : left + width] = value
    return result


def slow_gradient_error(pred: np.ndarray, true: np.ndarray) -> float:
    """By the definition, one output pixel after the other."""
    return (
        sum((slow_magnitude(pred, r, c) - slow_magnitude(true, r, c)) ** 2 for r, c in np.ndindex(pred.shape))
        / 1000
    )


def slow_magnitude(alpha: np.ndarray, row: int, column: int) -> float:
    """Gradient of alpha smoothed with a Gaussian of sigma 1.4; the edge pixels go on outside."""
    sigma, reach = 1.4, 4  # beyond 4 pixels the Gaussian is below 0.01
    height, width = alpha.shape
    along_x = along_y = norm = 0.0
    for y in range(-reach, reach + 1):
        for x in range(-reach, reach + 1):
            bell = math.exp(-(x * x + y * y) / (2 * sigma**2))
            value = float(alpha[min(max(row + y, 0), height - 1), min(max(column + x, 0), width - 1)])
            along_x += x * bell * value
            along_y += y * bell * value
            norm += (x * bell) ** 2
    return math.hypot(along_x, along_y) / math.sqrt(norm)


def slow_connectivity_error(pred: np.ndarray, true: np.ndarray) -> float:
    """By the definition, one pixel after the other."""
    thresholds = [step / 10 for step in range(11)]
    regions = [slow_largest_region(np.minimum(pred, true) >= threshold - 1e-9) for threshold in thresholds]
    total = 0.0
    for pixel in np.ndindex(pred.shape):
        inside = 0
        while inside < 10 and pixel in regions[inside + 1]:
            inside += 1
        total += abs(
            connectivity(float(pred[pixel]), thresholds[inside])
            - connectivity(float(true[pixel]), thresholds[inside])
        )
    return total / 1000


def connectivity(alpha: float, connected_up_to: float) -> float:
    distance = alpha - connected_up_to
    return 1 - distance if distance >= 0.15 else 1.0


def slow_largest_region(mask: np.ndarray) -> set[tuple[int, int]]:
    """The pixels of the largest region that is connected over sides; of equal ones the first."""
    left = set(map(tuple, np.argwhere(mask).tolist()))
    regions = []
    for start in sorted(left):
        if start in left:
            left.discard(start)
            region, waiting = {start}, deque([start])
            while waiting:
                row, column = waiting.popleft()
                sides = {(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)} & left
                left -= sides
                region |= sides
                waiting += sides
            regions.append(region)
    return max(regions, key=len, default=set())


@pytest.mark.parametrize(
    ("measure", "expected"),
    [(sad, 0.075), (mse, 0.0625 * 300 / 600), (mad, 0.25 * 300 / 600)],
    ids=["sad", "mse", "mad"],
)
def test_sums_and_means_of_a_known_difference(measure, expected):
    """300 of 600 pixels are wrong by a quarter."""
    true = plain(0.5)
    assert measure(with_blob(true, 0, 0, 10, 30, 0.75), true) == expected
    assert measure(with_blob(true, 0, 0, 10, 30, 0.25), true) == expected


def test_sad_is_counted_in_thousands_and_grows_with_the_photo():
    assert sad(plain(1, (20, 50)), plain(0, (20, 50))) == 1
    assert sad(plain(1, (600, 800)), plain(0, (600, 800))) == 480


def test_sums_of_large_photos_do_not_lose_small_differences():
    shape = (1500, 2000)
    assert sad(plain(0.1, shape), plain(0, shape)) == pytest.approx(300, rel=1e-6)
    assert mad(plain(0.1, shape), plain(0, shape)) == pytest.approx(0.1, rel=1e-6)


@given(PAIRS)
def test_measures_are_those_of_plain_python(pair):
    differences = [float(p) - float(t) for p, t in zip(pair[0].flat, pair[1].flat, strict=True)]
    assert sad(*pair) == pytest.approx(sum(map(abs, differences)) / 1000, abs=1e-12)
    assert mse(*pair) == pytest.approx(sum(d * d for d in differences) / len(differences), abs=1e-7)
    assert mad(*pair) == pytest.approx(sum(map(abs, differences)) / len(differences), abs=1e-7)


@pytest.mark.parametrize("name", METRICS)
@given(alpha=SHAPES.flatmap(alphas))
def test_equal_alphas_have_no_error(name, alpha):
    assert METRICS[name](alpha, alpha.copy()) == 0


@pytest.mark.parametrize("name", METRICS)
@given(pair=PAIRS)
def test_errors_are_symmetric_and_never_negative(name, pair):
    measure = METRICS[name]
    assert measure(*pair) == pytest.approx(measure(*pair[::-1]), abs=1e-12)
    assert measure(*pair) >= 0


@pytest.mark.parametrize("name", ["sad", "mse", "mad"])
@given(pair=PAIRS)
def test_different_alphas_have_an_error(name, pair):
    assert (METRICS[name](*pair) > 0) == (pair[0] != pair[1]).any()


@given(PAIRS, st.data())
def test_sad_adds_up_over_regions(pair, data):
    region = data.draw(arrays.arrays(bool, pair[0].shape))
    inside = sad(np.where(region, pair[0], pair[1]), pair[1])
    outside = sad(np.where(region, pair[1], pair[0]), pair[1])
    assert inside + outside == pytest.approx(sad(*pair), abs=1e-12)


@given(PAIRS)
@settings(max_examples=15)
def test_gradient_error_is_that_of_the_definition(pair):
    assert gradient_error(*pair) == pytest.approx(slow_gradient_error(*pair), rel=1e-9, abs=1e-12)


def test_gradient_error_of_plain_alphas_is_nothing():
    """Only edges count, not how opaque something is."""
    assert gradient_error(plain(1), plain(0)) == pytest.approx(0, abs=1e-15)


def test_gradient_error_of_a_missing_edge_goes_with_its_length_and_direction_does_not_matter():
    edge = with_blob(plain(0, (40, 40)), 0, 20, 40, 20, 1)
    single = gradient_error(edge, plain(0, (40, 40)))
    assert single > 0
    assert gradient_error(edge.T, plain(0, (40, 40))) == pytest.approx(single)
    assert gradient_error(1 - edge, plain(0, (40, 40))) == pytest.approx(single)
    assert gradient_error(np.vstack([edge, edge]), plain(0, (80, 40))) == pytest.approx(2 * single)


def test_gradient_error_grows_with_the_blur_of_an_edge():
    columns = np.arange(40, dtype=np.float32)
    sharp, soft, softer = (
        np.clip((columns - 20) / width + 0.5, 0, 1)[np.newaxis].repeat(20, axis=0) for width in (1, 6, 12)
    )
    assert 0 < gradient_error(soft, sharp) < gradient_error(softer, sharp)


@given(PAIRS)
def test_connectivity_error_is_that_of_the_definition(pair):
    assert connectivity_error(*pair) == pytest.approx(slow_connectivity_error(*pair), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_connectivity_error_of_soft_blobs_is_that_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:24, :32]
    true = np.zeros((24, 32))
    for row, column, radius in rng.uniform((4, 4, 2), (20, 28, 8), (4, 3)):
        true = np.maximum(true, np.clip(1.3 - np.hypot(rows - row, columns - column) / radius, 0, 1))
    pred = np.clip(true + rng.normal(0, 0.1, true.shape), 0, 1)
    pair = (np.round(pred * 255) / 255).astype(np.float32), (np.round(true * 255) / 255).astype(np.float32)
    assert slow_connectivity_error(*pair) > 0.005
    assert connectivity_error(*pair) == pytest.approx(slow_connectivity_error(*pair), abs=1e-6)


def body() -> np.ndarray:
    """An opaque region of 200 pixels in 600."""
    return with_blob(plain(0), 0, 0, 20, 10, 1)


def test_connectivity_error_of_a_separate_opaque_blob():
    """No threshold connects it: each of its 12 pixels is 1 away from what it should be."""
    assert connectivity_error(with_blob(body(), 5, 20, 3, 4, 1), body()) == pytest.approx(0.012)


def test_connectivity_error_of_a_missing_blob_that_is_separate_from_the_body():
    assert connectivity_error(body(), with_blob(body(), 5, 20, 3, 4, 1)) == pytest.approx(0.012)


def test_a_separate_blob_in_both_alphas_is_no_error_where_they_agree():
    both = with_blob(body(), 5, 20, 3, 4, 1)
    assert connectivity_error(both, with_blob(both, 5, 20, 3, 4, 0.9)) == pytest.approx(0.0012)
    assert connectivity_error(both, both) == 0


def test_connectivity_forgives_differences_below_the_tolerance():
    assert connectivity_error(with_blob(body(), 0, 10, 20, 1, 0.125), body()) == 0
    assert connectivity_error(with_blob(body(), 0, 10, 20, 1, 0.25), body()) == pytest.approx(
        0.25 * 20 / 1000
    )


def test_connectivity_of_a_soft_edge_counts_from_where_both_are_connected():
    """The true edge is connected up to 0.5, so the opaque one is 0.5 beyond it."""
    true = with_blob(body(), 0, 10, 20, 1, 0.5)
    assert connectivity_error(with_blob(body(), 0, 10, 20, 1, 1), true) == pytest.approx(0.5 * 20 / 1000)


@pytest.mark.parametrize(("left", "expected"), [(10, 0.75), (9, 0.8)], ids=["corner", "side"])
def test_corners_alone_do_not_connect(left, expected):
    """A blob that touches the body with a corner is as good as apart; with a side it belongs to it."""
    small_body = with_blob(plain(0), 0, 0, 10, 10, 1)
    true = with_blob(small_body, 10, left, 4, 4, 1)
    pred = with_blob(small_body, 10, left, 4, 4, 0.25)
    assert connectivity_error(pred, true) == pytest.approx(expected * 16 / 1000)


def test_connectivity_of_alphas_without_common_opaque_region():
    upper, lower = with_blob(plain(0), 0, 0, 5, 30, 1), with_blob(plain(0), 15, 0, 5, 30, 1)
    assert connectivity_error(upper, lower) == pytest.approx(0.3)


def test_intersection_and_union_of_known_maps():
    pred = np.array([[0, 0, 1], [1, 2, 2]])
    true = np.array([[0, 1, 1], [1, 2, 0]])
    overlap = intersection_and_union(pred, true, 4)
    assert overlap.dtype == np.int64
    assert overlap.tolist() == [[1, 2, 1, 0], [3, 3, 2, 0]]


CLASS_MAPS = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda shape: st.tuples(*[arrays.arrays(np.int32, shape, elements=st.integers(0, 2))] * 2)
)


@given(CLASS_MAPS)
def test_intersection_and_union_add_up(maps):
    pred, true = maps
    intersection, union = intersection_and_union(pred, true, 3)
    assert intersection.sum() == (pred == true).sum()
    assert (intersection + union).tolist() == [(pred == i).sum() + (true == i).sum() for i in range(3)]
    each = [intersection_and_union(p, t, 3) for p, t in zip(pred, true, strict=True)]
    np.testing.assert_array_equal(sum(each), [intersection, union])


def test_iou_of_the_person():
    true, pred, nobody = np.zeros((3, 4, 4), np.float32)
    true[:2], pred[1:3] = 1, 0.6
    assert person_iou(pred, true) == pytest.approx(4 / 12)
    assert person_iou(true, true) == person_iou(nobody, nobody) == 1
    assert person_iou(true, nobody) == 0
