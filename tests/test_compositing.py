"""Training pictures of people before other backgrounds."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.common.errors import UserError
from src.composite_data import main, make_composites
from src.composites.compositing import (
    Person,
    Scene,
    add_bars,
    come_near,
    composite,
    draw_part,
    reframe,
    stand_in,
)
from src.composites.people import PersonFiles, find_people, read_scene
from src.images.files import ImageError, read_alpha_channel, read_image, write_image
from src.inference.foreground import estimate_foreground
from tests.small_dataset import make_person

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)
SIZE = (64, 48)


def painted(colour: tuple[int, int, int], height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def disc(height: int = 60, width: int = 40) -> np.ndarray:
    """Alpha of a soft disc in the middle."""
    rows, columns = np.indices((height, width))
    distance = np.hypot(rows - height / 2, columns - width / 2)
    return np.round(np.clip(15 - distance, 0, 3) / 3 * 255).astype(np.uint8)


def red_person(alpha: np.ndarray) -> Person:
    weight = alpha[..., np.newaxis] / 255
    image = painted(RED, *alpha.shape) * weight + painted(GREEN, *alpha.shape) * (1 - weight)
    image = np.round(image).astype(np.uint8)
    return Person(image, estimate_foreground(image, alpha), alpha)


PERSON = red_person(disc())


def test_the_estimated_foreground_is_free_of_the_old_background():
    soft = (PERSON.alpha > 40) & (PERSON.alpha < 255)
    assert PERSON.image[soft][:, 1].mean() > 80
    assert PERSON.foreground[soft][:, 1].mean() < 25
    opaque = PERSON.alpha == 255
    np.testing.assert_array_equal(PERSON.foreground[opaque], PERSON.image[opaque])


@given(seed=st.integers(0, 2**32 - 1), size=st.tuples(st.integers(16, 90), st.integers(16, 90)))
def test_a_composite_shows_the_person_where_alpha_is(seed, size):
    image, alpha = composite(np.random.default_rng(seed), PERSON, painted(BLUE, 30, 70), size)
    assert image.shape == (*size, 3) and alpha.shape == size and image.dtype == alpha.dtype == np.uint8
    assert alpha.max() > 0
    again, again_alpha = composite(np.random.default_rng(seed), PERSON, painted(BLUE, 30, 70), size)
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(alpha, again_alpha)


def test_of_colours_person_and_background_stay_apart():
    red, blue = [], []
    for seed in range(30):
        image, alpha = composite(np.random.default_rng(seed), PERSON, painted(BLUE, 30, 70), SIZE)
        inside, outside = image[alpha > 250].mean(axis=0), image[alpha == 0].mean(axis=0)
        red.append(inside[2] - inside[0])
        blue.append(outside[0] - outside[2])
    assert np.median(red) > 60 and np.median(blue) > 60


@pytest.mark.parametrize("edge", ["below", "left", "right", "left and right"])
def test_who_is_cut_by_an_edge_stays_cut_by_it(edge):
    alpha = np.zeros((60, 40), np.uint8)
    rows = slice(20, 60 if edge == "below" else 40)
    left = 0 if "left" in edge else 12
    alpha[rows, left : 40 if "right" in edge else 28] = 255
    for seed in range(40):
        _, placed = composite(np.random.default_rng(seed), red_person(alpha), painted(BLUE, 9, 9), SIZE)
        sides = {"left": placed[:, 0].max() > 127, "right": placed[:, -1].max() > 127}
        if edge == "below":
            assert placed[-1].max() > 127
        elif edge == "left and right":
            assert all(sides.values())
        else:  # pictures may be mirrored
            assert any(sides.values())


def test_passers_by_stand_behind_and_count_as_background():
    green = Person(painted(GREEN, 60, 40), painted(GREEN, 60, 40), disc())
    seen = 0
    for seed in range(30):
        image, alpha = composite(
            np.random.default_rng(seed), PERSON, painted(BLUE, 9, 9), SIZE, [green, green]
        )
        values = image.astype(int)
        is_green = values[..., 1] > values[..., [0, 2]].max(axis=2) + 60
        assert np.all(alpha[is_green] < 160)
        seen += is_green.any()
    assert seen > 15


def test_who_is_cut_at_the_waist_stays_cut_in_the_background():
    alpha = np.zeros((60, 40), np.uint8)
    alpha[20:, 12:28] = 255
    green = Person(painted(GREEN, 60, 40), painted(GREEN, 60, 40), alpha)
    nobody = Person(
        painted(RED, 60, 40), painted(RED, 60, 40), np.pad([[1]], ((59, 0), (39, 0))).astype(np.uint8)
    )
    for seed in range(40):
        image, _ = composite(np.random.default_rng(seed), nobody, painted(BLUE, 9, 9), SIZE, [green])
        green_excess = image[..., 1].astype(int) - image[..., 0].astype(int)
        columns = np.flatnonzero((green_excess > 60).any(axis=0))
        if len(columns):
            assert green_excess[-1, columns[len(columns) // 2]] > 30


def test_from_near_head_and_shoulders_are_left():
    rows, columns = np.indices((400, 300))
    head = np.hypot(rows - 80, columns - 150) < 40
    body = (rows > 120) & (abs(columns - 150) < 90)
    alpha = np.where(head | body, 255, 0).astype(np.uint8)
    image = np.dstack([rows // 2, columns // 2, alpha]).astype(np.uint8)
    for seed in range(20):
        near = come_near(np.random.default_rng(seed), Person(image, image, alpha))
        np.testing.assert_array_equal(near.image[..., 2], near.alpha)  # cut alike
        assert near.alpha.shape[0] < 300 and near.alpha[-1].any()
        assert near.image[..., 0].min() * 2 <= 41 and near.alpha.shape[1] >= 60  # from above the head on


@pytest.mark.parametrize("alpha", [disc(), np.zeros((400, 300), np.uint8)])
def test_small_people_and_nobody_are_not_seen_from_near(alpha):
    person = red_person(alpha)
    assert come_near(np.random.default_rng(0), person) is person


def test_a_person_as_wide_as_the_picture_fits_in_spite_of_rounding():
    """208 / 23 * 23 is a little less than 208."""
    person = red_person(np.full((90, 23), 255, np.uint8))
    for seed in range(20):
        _, alpha = composite(np.random.default_rng(seed), person, painted(BLUE, 9, 9), (208, 208))
        assert alpha[-1].all()


def test_a_photo_of_few_columns_can_be_shrunk():
    narrow = red_person(np.full((400, 5), 255, np.uint8))
    for seed in range(20):
        image, _ = composite(np.random.default_rng(seed), narrow, painted(BLUE, 9, 9), (16, 16), [narrow])
        assert image.shape == (16, 16, 3)


@pytest.mark.parametrize("edge", ["none", "below", "left", "right", "both"])
def test_who_stands_in_for_another_covers_that_one(edge):
    alpha = {
        "none": PERSON.alpha,
        "below": PERSON.alpha[:36],
        "left": PERSON.alpha[:, 12:],
        "right": PERSON.alpha[:, :28],
        "both": PERSON.alpha[:, 10:30],
    }[edge]
    other = np.zeros((90, 120), np.uint8)
    other[30:80, 40:70] = 255
    scene = Scene(painted(BLUE, *other.shape), other)
    for seed in range(5):
        shown, shown_alpha = stand_in(np.random.default_rng(seed), red_person(alpha), scene)
        rows, columns = np.nonzero(shown_alpha > 127)
        assert rows[0] == pytest.approx(30, abs=6)  # soft rims, enlarged
        if edge in ("below", "none"):
            assert rows[-1] >= (89 if edge == "below" else 74)
        assert (columns.min() == 0) == (edge in ("left", "both"))
        assert (columns.max() == 119) == (edge in ("right", "both"))
        middle = shown[shown_alpha == 255].mean(axis=0)
        assert middle[2] > 150 and middle[:2].max() < 60
        assert shown[shown_alpha == 0][:, 0].min() > 250


def test_reframing_keeps_photo_and_alpha_together():
    rows = np.arange(64, dtype=np.uint8)[:, np.newaxis] * 4
    alpha = np.broadcast_to(rows, (64, 48))
    image = np.repeat(alpha[..., np.newaxis], 3, axis=2)
    for seed in range(20):
        shown, cut = reframe(np.random.default_rng(seed), image, alpha, (32, 24))
        gray = shown.mean(axis=2).ravel()
        assert np.corrcoef(gray, cut.ravel())[0, 1] > 0.9


@given(seed=st.integers(0, 99), size=st.tuples(st.integers(16, 90), st.integers(16, 90)))
def test_bars_lie_at_two_sides(seed, size):
    part = draw_part(np.random.default_rng(seed), size)
    assert (part[0] == size[0]) != (part[1] == size[1])
    assert all(0.45 * whole <= side <= whole for side, whole in zip(part, size, strict=True))
    image, alpha = add_bars(painted(RED, *part), np.full(part, 255, np.uint8), size)
    assert image.shape == (*size, 3) and alpha.shape == size
    assert (image[alpha == 255] == RED).all() and np.count_nonzero(alpha) == part[0] * part[1]
    assert (image[alpha == 0] == (114, 121, 134)).all()


@pytest.fixture
def folders(tmp_path):
    for number in range(3):
        photo, alpha = make_person((number,), 40, 30)
        write_image(tmp_path / "pairs" / "image" / f"{number}.jpg", photo)
        write_image(tmp_path / "pairs" / "alpha" / f"{number}.png", alpha)
        write_image(tmp_path / "cutouts" / "deep" / f"{number}.png", np.dstack([photo, alpha]))
    write_image(tmp_path / "backgrounds" / "sea.jpg", painted(BLUE, 50, 60))
    return tmp_path


def test_people_are_found_in_both_layouts(folders):
    people = find_people([folders / "pairs", folders / "cutouts"])
    names = ["pairs_0", "pairs_1", "pairs_2", "cutouts_deep_0", "cutouts_deep_1", "cutouts_deep_2"]
    assert [each.name for each in people] == names


def matting_of(photo):
    *folder, _, person, _, name = photo.parts
    return Path(*folder, "matting", person, "matting_00000000", name).with_suffix(".png")


def pictures(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*g")}


def test_composites_are_made_once_and_the_same_anywhere(folders):
    people = find_people([folders / "pairs", folders / "cutouts"])
    options = {"size": SIZE, "seed": 5}
    backgrounds = [folders / "backgrounds"]
    assert make_composites(folders / "one", people, backgrounds, 8, workers=1, **options) == []
    assert make_composites(folders / "two", people, backgrounds, 8, workers=2, **options) == []
    made = pictures(folders / "one")
    assert len(made) == 16
    assert made == pictures(folders / "two")
    lost = next((folders / "one").rglob("*.jpg"))
    lost.unlink()
    make_composites(folders / "one", people, backgrounds, 8, **options)
    assert pictures(folders / "one") == made
    photo = next((folders / "one" / "clip_img").rglob("*.jpg"))
    assert read_image(photo).shape == (*SIZE, 3)
    assert read_alpha_channel(matting_of(photo)).shape == SIZE


def test_other_settings_need_another_folder(folders):
    people = find_people([folders / "pairs"])
    make_composites(folders / "out", people, [folders / "backgrounds"], 2, seed=1, size=SIZE)
    with pytest.raises(UserError, match="made with other settings"):
        make_composites(folders / "out", people, [folders / "backgrounds"], 2, seed=2, size=SIZE)


def test_a_damaged_person_is_left_out_and_named(folders, monkeypatch, capsys):
    damaged = folders / "pairs" / "image" / "1.jpg"
    damaged.write_bytes(damaged.read_bytes()[:200])
    arguments = [str(folders / "out"), "--people", str(folders / "pairs"), "--count", "6", "--size", "48x64"]
    backgrounds = ["--workers", "1", "--backgrounds", str(folders / "backgrounds" / "sea.jpg")]
    monkeypatch.setattr("sys.argv", ["composite_data.py", *arguments, *backgrounds])
    assert main() == 3
    assert f"left out: {damaged}: cannot be read as an image" in capsys.readouterr().out.replace("\r", "\n")
    assert len(list((folders / "out").rglob("*.jpg"))) == 4


def test_a_damaged_passer_by_is_named_once_and_excluded_ones_are_not_read(folders):
    people, backgrounds = find_people([folders / "pairs"]), [folders / "backgrounds"]
    shutil.copytree(folders / "pairs", folders / "others")
    damaged = folders / "others" / "image" / "1.jpg"
    damaged.write_bytes(b"\xff\xd8 no photo")
    settings = {"size": SIZE, "keep": 0, "passers_by": find_people([folders / "others"])}
    problems = make_composites(folders / "out", people, backgrounds, 24, **settings)
    assert [problem.partition(": ")[0] for problem in problems] == [str(damaged)]
    assert len(pictures(folders / "out")) == 2 * 24
    assert not make_composites(folders / "few", people, backgrounds, 24, excluded={"1"}, **settings)


def write_red_person(folder, alpha=PERSON.alpha):
    write_image(folder / "image" / "red.png", PERSON.image)
    write_image(folder / "alpha" / "red.png", alpha)
    return PersonFiles("red", folder / "image" / "red.png", folder / "alpha" / "red.png")


def test_a_scene_does_not_show_its_person(tmp_path):
    """Even where alpha misses a pixel of the person."""
    alpha = np.where(PERSON.alpha > 100, 255, 0).astype(np.uint8)
    scene = read_scene(write_red_person(tmp_path, alpha))
    assert scene.emptied.shape == PERSON.image.shape and scene.emptied.dtype == np.uint8
    assert np.abs(scene.emptied - np.float32(GREEN)).max() < 10
    np.testing.assert_array_equal(scene.alpha, alpha)


def test_a_photo_full_of_a_person_is_no_scene(tmp_path):
    with pytest.raises(ImageError, match="red.png: alpha leaves no background"):
        read_scene(write_red_person(tmp_path, np.full_like(PERSON.alpha, 255)))


def test_other_backgrounds_are_photos_of_someone_else(folders):
    write_red_person(folders / "red")
    people, backgrounds = find_people([folders / "cutouts", folders / "red"]), [folders / "backgrounds"]
    assert not make_composites(folders / "out", people, backgrounds, 40, size=SIZE, keep=0, swap=0.7)
    colours = []
    for photo in (folders / "out" / "clip_img").rglob("*.jpg"):
        image, alpha = read_image(photo), read_alpha_channel(matting_of(photo))
        colours.append(["blue", "green", "red"][image[alpha == 0].mean(axis=0).argmax()])
    assert colours.count("red") == 0 and 4 <= colours.count("blue") < colours.count("green"), colours


def test_cutouts_have_no_photos_for_others(folders):
    cutouts = find_people([folders / "cutouts"])
    with pytest.raises(UserError, match="cutouts have no photos .* leave out --swap"):
        make_composites(folders / "out", cutouts, [folders / "backgrounds"], 1, size=SIZE, swap=0.5)


def test_another_background_takes_the_place_of_a_damaged_one(folders):
    damaged = folders / "backgrounds" / "damaged.jpg"
    damaged.write_bytes(b"\xff\xd8 no photo")
    people, backgrounds = find_people([folders / "pairs"]), [folders / "backgrounds"]
    problems = make_composites(folders / "out", people, backgrounds, 9, size=SIZE, keep=0)
    assert [problem.partition(": ")[0] for problem in problems] == [str(damaged)]  # once
    assert len(pictures(folders / "out")) == 2 * 9
    with pytest.raises(UserError, match="none of the 1 backgrounds can be read; the last: .*damaged.jpg"):
        make_composites(folders / "none", people, [damaged], 1, size=SIZE, keep=0, workers=1)


def test_excluded_people_are_never_shown(folders):
    people, backgrounds = find_people([folders / "pairs", folders / "cutouts"]), [folders / "backgrounds"]
    make_composites(folders / "out", people, backgrounds, 8, excluded={"1"}, size=SIZE)
    shown = {path.name for path in (folders / "out" / "clip_img").iterdir()}
    assert shown == {"pairs_0", "pairs_2", "cutouts_deep_0", "cutouts_deep_2"}
    assert len(pictures(folders / "out")) == 2 * 8
    with pytest.raises(UserError, match="clip_img/pairs_0/.*: made before this person was excluded"):
        make_composites(folders / "out", people, backgrounds, 8, excluded={"0", "1"}, size=SIZE)


def test_an_excluded_id_that_is_nobodys_is_named(folders):
    """A list that does not fit would let people who are kept for testing into training."""
    people, backgrounds = find_people([folders / "pairs"]), [folders / "backgrounds"]
    with pytest.raises(UserError, match=r"no photo has these ids \(file names without suffix\): 1.jpg, 7$"):
        make_composites(folders / "out", people, backgrounds, 2, excluded={"0", "7", "1.jpg"})
    assert not (folders / "out").exists()


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ("nowhere", "holds no people"),
        ("backgrounds", "holds no people"),
        ("half", "has image/, but neither alpha/ nor mask/"),
    ],
)
def test_folders_without_people_are_named(folders, people, message):
    (folders / "half" / "image").mkdir(parents=True)
    with pytest.raises(UserError, match=message):
        find_people([folders / people])


def test_a_missing_background_is_named(folders):
    with pytest.raises(UserError, match="gone: no such background"):
        make_composites(folders / "out", find_people([folders / "pairs"]), [folders / "gone"], 1)
