"""Registration of a plate, its checks, and exposure."""

import cv2
import numpy as np
import pytest

from src.evaluation.plate_changes import Change
from src.plates.registration import match_exposure, register

HEIGHT, WIDTH = 300, 400


def textured(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Random rectangles: many corners."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 128, np.uint8)
    for _ in range(400):
        x, y = (int(rng.integers(side)) for side in (width, height))
        w, h = (int(each) for each in rng.integers(6, 40, 2))
        cv2.rectangle(image, (x, y), (x + w, y + h), rng.integers(0, 256, 3).tolist(), -1)
    return image


def corners() -> np.ndarray:
    return np.float32([[0, 0], [WIDTH - 1, 0], [WIDTH - 1, HEIGHT - 1], [0, HEIGHT - 1]])


def view(scene: np.ndarray, change: np.ndarray) -> np.ndarray:
    """What a moved camera sees of a scene 100 pixels larger on all sides."""
    shift = np.array([[1, 0, -100], [0, 1, -100], [0, 0, 1]], float)
    return cv2.warpPerspective(scene, change @ shift, (WIDTH, HEIGHT))


def with_person(photo: np.ndarray) -> np.ndarray:
    photo = photo.copy()
    cv2.ellipse(photo, (200, 200), (70, 110), 0, 0, 360, (60, 90, 150), -1)  # a fifth of the picture
    return photo


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return cv2.GaussianBlur(textured(1, HEIGHT + 200, WIDTH + 200), (3, 3), 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_known_movement_is_undone(scene, seed):
    """The plate's corners moved by up to 2%; points of the plate come back to within a pixel."""
    rng = np.random.default_rng(seed)
    moved = corners() + rng.uniform(-8, 8, (4, 2)).astype(np.float32)
    change = cv2.getPerspectiveTransform(corners(), moved)
    still = view(scene, np.eye(3))
    found = register(with_person(still), view(scene, change))
    assert found.problem == ""
    # Where the plate is to the photo is measured by a picture of coordinates that moves along.
    inner = (slice(20, -20), slice(20, -20))
    difference = np.abs(found.plate[inner].astype(int) - still[inner])
    unmoved = np.abs(view(scene, change)[inner].astype(int) - still[inner])
    assert difference.mean() < unmoved.mean() / 4
    flow = cv2.calcOpticalFlowFarneback(
        *(cv2.cvtColor(each, cv2.COLOR_BGR2GRAY) for each in (still, found.plate)),
        None, 0.5, 3, 21, 5, 5, 1.1, 0,
    )  # fmt: skip
    assert np.percentile(np.linalg.norm(flow[inner], axis=2), 95) < 1


def test_what_the_plate_does_not_reach_is_copied_and_counted(scene):
    still = with_person(view(scene, np.eye(3)))
    change = np.array([[1, 0, -20], [0, 1, 0], [0, 0, 1]], float)
    found = register(still, view(scene, change))
    assert found.problem == ""
    assert found.uncovered == pytest.approx(20 / WIDTH, abs=0.006)
    np.testing.assert_array_equal(found.plate[:, :15], still[:, :15])


def half_matching(scene: np.ndarray) -> np.ndarray:
    """A plate that shows the photo's scene only in a corner."""
    plate = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    plate[:130, :130] = view(scene, np.eye(3))[:130, :130]
    return plate


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda scene: np.full((HEIGHT, WIDTH, 3), 90, np.uint8), "only 0 points"),
        (lambda scene: textured(7), "points"),
        (half_matching, "surround only"),
        (lambda scene: view(scene, np.array([[1, 0, 90], [0, 1, 0], [0, 0, 1]], float)), "corner would move"),
    ],
)
def test_a_movement_that_cannot_be_trusted_leaves_the_plate_as_it_is(scene, make, part):
    plate = make(scene)
    found = register(view(scene, np.eye(3)), plate)
    assert part in found.problem
    assert found.plate is plate and found.uncovered == 0


def test_exposure_is_matched_outside_the_person():
    plate = np.clip(textured(3), 40, 160)
    photo = np.round(plate * np.array([1.1, 0.9, 1.25])).astype(np.uint8)
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(alpha, (200, 150), 130, 255, -1)  # nearly half
    lit = photo.copy()
    lit[alpha > 0] = 20
    assert np.abs(match_exposure(lit, plate, alpha).astype(int) - photo).max() <= 2
    nothing = np.full_like(alpha, 255)
    np.testing.assert_array_equal(match_exposure(lit, plate, nothing), plate)


def test_what_a_bright_plate_lost_is_taken_from_the_photo_and_from_around_the_person():
    """A wall from 190 to 250, which is all white in a plate with 40 % more light, and a darker floor."""
    place = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    place[:250] = np.linspace(190, 250, WIDTH)[:, np.newaxis]
    photo = with_person(place)
    alpha = (photo != place).any(axis=2) * np.uint8(255)
    bright = Change("light", 40).apply(place, 0)
    assert bright[:250].min() == 255
    difference = np.abs(match_exposure(photo, bright, alpha).astype(int) - place)
    assert difference[alpha == 0].max() <= 1
    assert difference[:250].max() <= 16  # behind the person, of up to 71 levels that are lost
