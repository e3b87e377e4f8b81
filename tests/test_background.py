"""What comes behind a person."""

import numpy as np
import pytest

from src.common.errors import UserError
from src.images.blending import blend
from src.images.files import write_image
from src.inference.background import Background

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def painted(colour: tuple[int, int, int], height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


IMAGE = painted(GREEN)  # with a red square
ALPHA = np.zeros((40, 60), np.uint8)
IMAGE[10:30, 20:40] = RED
ALPHA[10:30, 20:40] = 255


@pytest.mark.parametrize(
    ("description", "colour"), [("blue", BLUE), ("#0000ff", BLUE), ("#00F", BLUE), ("White", (255, 255, 255))]
)
def test_a_colour(description, colour):
    picture = Background(description).behind(IMAGE, ALPHA, painted(RED))
    assert (picture[ALPHA == 255] == RED).all()
    assert (picture[ALPHA == 0] == colour).all()


def test_transparent_keeps_alpha_and_the_foreground():
    picture = Background("transparent").behind(IMAGE, ALPHA, painted(RED))
    np.testing.assert_array_equal(picture[..., 3], ALPHA)
    np.testing.assert_array_equal(picture[..., :3], painted(RED))


@pytest.mark.parametrize("size", [(1, 1), (7, 200), (300, 20), (40, 60), (500, 400)])
def test_a_picture_covers_the_photo(tmp_path, size):
    write_image(tmp_path / "sea.png", painted(BLUE, *size))
    picture = Background(str(tmp_path / "sea.png")).behind(IMAGE, ALPHA, painted(RED))
    assert (picture[ALPHA == 0] == BLUE).all()


def test_a_picture_keeps_its_shape_and_shows_its_middle(tmp_path):
    wide = painted(BLUE, 40, 180)
    wide[:, 60:120] = GREEN
    write_image(tmp_path / "sea.png", wide)
    picture = Background(str(tmp_path / "sea.png")).behind(IMAGE, ALPHA, painted(RED))
    assert (picture[ALPHA == 0] == GREEN).all()


def test_blur_has_nothing_of_the_person():
    picture = Background("blur").behind(IMAGE, ALPHA, painted(RED))
    assert (picture[ALPHA == 255] == RED).all()
    beside = picture[18:22, 16:20]
    assert beside[..., 2].max() <= 4 and beside[..., 1].min() >= 250


def test_blur_where_the_person_fills_the_photo():
    full = np.full_like(ALPHA, 255)
    np.testing.assert_array_equal(Background("blur").behind(IMAGE, full, IMAGE), IMAGE)


def test_a_picture_behind_photos_of_several_sizes(tmp_path):
    """It covers each, also where the size changes and comes back."""
    picture = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    write_image(tmp_path / "beach.png", picture)
    background = Background(str(tmp_path / "beach.png"))
    for height, width in ((30, 40), (30, 40), (12, 20), (30, 40)):
        photo = np.zeros((height, width, 3), np.uint8)
        shown = background.behind(photo, photo[..., 0], photo)
        again = Background(str(tmp_path / "beach.png")).behind(photo, photo[..., 0], photo)
        assert shown.shape == photo.shape
        np.testing.assert_array_equal(shown, again)


@pytest.mark.parametrize("strip", [1, 70, 1500])
def test_blending_is_exact_in_strips(monkeypatch, strip):
    monkeypatch.setattr("src.images.blending._STRIP", strip)
    rng = np.random.default_rng(0)
    front, behind = (rng.integers(0, 256, (50, 30, 3), np.uint8) for _ in range(2))
    alpha = rng.integers(0, 256, (50, 30), np.uint8)
    alpha[10:20], alpha[40:] = 0, 255
    weight = alpha[..., np.newaxis] / 255
    expected = np.round(front * weight + behind * (1 - weight))
    np.testing.assert_array_equal(blend(front, behind, alpha), expected)


@pytest.mark.parametrize("size", [(1, 1), (4, 1), (1, 4)])
@pytest.mark.parametrize("opacity", [0, 51, 255])
def test_blending_is_exact_in_photos_of_a_few_pixels(size, opacity):
    front, behind = (np.full((*size, 3), value, np.uint8) for value in (200, 100))
    expected = np.full((*size, 3), 100 + 100 * opacity // 255, np.uint8)
    np.testing.assert_array_equal(blend(front, behind, np.full(size, opacity, np.uint8)), expected)


@pytest.mark.parametrize(
    "description", ["no colour", "gone.jpg", "#12", "", "#ff000080", "#f008", "rgba(9,9,9,9)"]
)
def test_what_is_no_background_is_named(description):
    with pytest.raises(UserError, match="neither an image file nor a colour"):
        Background(description)
