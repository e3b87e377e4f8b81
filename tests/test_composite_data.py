"""Folders of training pictures of people before other backgrounds, and lists of who is left out."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from src import clip_data, composite_data, figure_data, sample_data
from src.common.errors import UserError
from src.composite_data import main, make_composites
from src.composites import pictures as drawing
from src.composites.people import read_person, read_scene
from src.data.lists import find_listed, read_lists
from src.data.pairs import PhotoWithAlpha
from src.data.people import find_people
from src.images.files import ImageError, read_alpha_channel, read_image, write_image
from tests.small_dataset import make_person
from tests.test_compositing import BLUE, GREEN, PERSON, SIZE, painted


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
    return PhotoWithAlpha("red", folder / "image" / "red.png", folder / "alpha" / "red.png")


def test_a_scene_does_not_show_its_person(tmp_path):
    """Even where alpha misses a pixel of the person."""
    alpha = np.where(PERSON.alpha > 100, 255, 0).astype(np.uint8)
    scene = read_scene(write_red_person(tmp_path, alpha))
    assert scene.emptied.shape == PERSON.image.shape and scene.emptied.dtype == np.uint8
    assert np.abs(scene.emptied - np.float32(GREEN)).max() < 10
    np.testing.assert_array_equal(scene.alpha, alpha)


def test_passers_by_are_read_small_and_their_foreground_where_they_are(tmp_path):
    files = write_red_person(tmp_path)
    whole, small = read_person(files), read_person(files, most=30)
    assert whole.alpha.shape == (60, 40) and small.alpha.shape == (30, 20)
    for person in (whole, small):
        assert person.image.shape == person.foreground.shape == (*person.alpha.shape, 3)
        soft = (person.alpha > 60) & (person.alpha < 255)
        assert person.foreground[soft][:, 1].mean() < 40
        assert (person.foreground[person.alpha == 255] == person.image[person.alpha == 255]).all()


def test_a_photo_full_of_a_person_is_no_scene(tmp_path):
    with pytest.raises(ImageError, match="red.png: alpha leaves no background"):
        read_scene(write_red_person(tmp_path, np.full_like(PERSON.alpha, 255)))


def test_other_backgrounds_are_photos_of_someone_else(folders):
    write_red_person(folders / "red")
    people, backgrounds = find_people([folders / "cutouts", folders / "red"]), [folders / "backgrounds"]
    assert not make_composites(folders / "out", people, backgrounds, 40, size=SIZE, keep=0, replace=0.7)
    colours = []
    for photo in (folders / "out" / "clip_img").rglob("*.jpg"):
        image, alpha = read_image(photo), read_alpha_channel(matting_of(photo))
        colours.append(["blue", "green", "red"][image[alpha == 0].mean(axis=0).argmax()])
    assert colours.count("red") == 0 and 4 <= colours.count("blue") < colours.count("green"), colours


def test_cutouts_have_no_photos_for_others(folders):
    cutouts = find_people([folders / "cutouts"])
    with pytest.raises(UserError, match="cutouts have no photos .* leave out --replace"):
        make_composites(folders / "out", cutouts, [folders / "backgrounds"], 1, size=SIZE, replace=0.5)


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


def named(people):
    return {person.name for person in people}


def test_lists_name_people_of_one_folder_or_of_all(folders):
    shutil.copytree(folders / "pairs", folders / "pairs_more")
    people = find_people([folders / "pairs", folders / "cutouts"])
    others = find_people([folders / "pairs_more"])
    for name, text in {"a.txt": "pairs/0\nelsewhere/9\n", "b.txt": "cutouts/1\npairs_more/2\n"}.items():
        (folders / name).write_text(text)
    lines = read_lists([folders / "a.txt", folders / "b.txt"])
    assert lines == {"pairs/0", "elsewhere/9", "cutouts/1", "pairs_more/2"}
    assert named(find_listed(lines, people, others)) == {"pairs_0", "cutouts_deep_1", "pairs_more_2"}
    assert named(find_listed(lines, people)) == {"pairs_0", "cutouts_deep_1"}
    everywhere = {"pairs_2", "cutouts_deep_2", "pairs_more_2"}
    assert named(find_listed({"2"}, people, others)) == everywhere
    assert find_listed((), people, others) == frozenset()
    with pytest.raises(UserError, match="no such photo: cutouts/7, pairs/8$"):
        find_listed({"pairs/8", "pairs/1", "cutouts/7"}, people)
    with pytest.raises(UserError, match="gone.txt: cannot be read"):
        read_lists([folders / "a.txt", folders / "gone.txt"])
    (folders / "a.txt").write_text("\n")
    with pytest.raises(UserError, match="a.txt: lists nothing"):
        read_lists([folders / "a.txt"])


def test_excluded_people_are_not_shown_in_groups_nor_their_scenes(folders):
    """Who is excluded cannot even be read."""
    people, backgrounds = find_people([folders / "pairs"]), [folders / "backgrounds"]
    (folders / "pairs" / "image" / "1.jpg").write_bytes(b"\xff\xd8 no photo")
    settings = {"size": SIZE, "keep": 0, "replace": 0.5, "groups": 0.9, "passers_by": people, "workers": 1}
    assert not make_composites(folders / "out", people, backgrounds, 24, excluded={"pairs/1"}, **settings)
    problems = make_composites(folders / "all", people, backgrounds, 24, **settings)
    assert {problem.partition(": ")[0] for problem in problems} == {str(people[1].photo)}


def test_what_decides_how_pictures_come_out_is_noted(folders):
    people, backgrounds = find_people([folders / "pairs"]), [folders / "backgrounds"]
    out = folders / "out"
    shares = {"replace": 0.25, "groups": 0.5, "walls": 0.75}
    make_composites(out, people, backgrounds, 2, size=SIZE, workers=1, **shares)
    note = (out / "composites.txt").read_text()
    for setting in ("seed 0", "size (64, 48)", "replace 0.25", "groups 0.5", "walls 0.75", "scenes 3 ("):
        assert setting in note
    make_composites(out, people, backgrounds, 3, size=SIZE, workers=1, **shares)
    write_image(folders / "backgrounds" / "hill.jpg", painted(GREEN, 50, 60))
    for other_people, changed in ((people, {}), (people[:2], shares), (people, shares)):
        with pytest.raises(UserError, match="made with other settings"):
            make_composites(out, other_people, backgrounds, 3, size=SIZE, **changed)


def test_each_share_is_seen(folders):
    """Shares of 1: a wall instead of the sea, a row of people instead of one."""
    people, backgrounds = find_people([folders / "pairs"]), [folders / "backgrounds"]
    plain = {"size": SIZE, "keep": 0, "workers": 1}
    made = {}
    for name, shares in {
        "none": {},
        "walls": {"walls": 1},
        "groups": {"groups": 1},
        "tints": {"tints": 1},
        "backlit": {"backlit": 1},
        "turned": {"turned": 1, "clutter": 1, "faces": 1, "arms": 1},
        "empty": {"empty": 1},
        "far": {"far": 1, "replace": 1},
    }.items():
        make_composites(folders / name, people, backgrounds, 24, **plain, **shares)
        photos = sorted((folders / name / "clip_img").rglob("*.jpg"))
        made[name] = [(read_image(photo), read_alpha_channel(matting_of(photo))) for photo in photos]
    blue = {
        name: np.mean([np.ptp(image[alpha == 0].mean(axis=0)) > 90 for image, alpha in pairs])
        for name, pairs in made.items()
    }
    assert blue["none"] > 0.7 and blue["walls"] < 0.4 and blue["tints"] < 0.4, blue
    wide = {name: np.mean([alpha.max(axis=0) > 127 for _, alpha in pairs]) for name, pairs in made.items()}
    assert wide["groups"] > wide["none"] + 0.1, wide
    bright = {
        name: np.median([image[alpha == 255].max() for image, alpha in pairs if (alpha == 255).any()])
        for name, pairs in made.items()
        if name != "empty"
    }
    assert bright["backlit"] < 0.7 * bright["none"] < 1.5 * bright["turned"], bright
    assert all(
        not np.array_equal(turned, straight)
        for (turned, _), (straight, _) in zip(made["turned"], made["none"], strict=True)
    )
    assert wide["far"] < wide["none"], wide  # those cut off above and below must still reach both edges
    assert wide["empty"] == 0 and blue["empty"] > 0.7


def calls_of(monkeypatch, helper):
    """What each picture's call of a helper is given by name; the helper itself goes on."""
    calls, real = [], getattr(drawing, helper)
    monkeypatch.setattr(
        drawing, helper, lambda *arguments, **named: calls.append(named) or real(*arguments, **named)
    )
    return calls


KEPT, WHOLE = {"keep": 1}, {"keep": 1, "whole": 1}


@pytest.mark.parametrize(
    ("share", "helper", "others"),
    [
        ("bars", "draw_part", {}),
        ("near", "come_near", {}),
        ("whole", "show_whole", KEPT),
        ("parts", "see_part", WHOLE),
        ("faces", "hide_face", {}),
        ("arms", "raise_arm", {}),
        ("turned", "turn", {}),
    ],
)
def test_a_share_decides_which_pictures_are_changed(tmp_path, monkeypatch, share, helper, others):
    """Of photos that are large enough to be shown whole."""
    calls = calls_of(monkeypatch, helper)
    for number in range(2):
        photo, alpha = make_person((number,), 80, 60)
        write_image(tmp_path / "pairs" / "image" / f"{number}.jpg", photo)
        write_image(tmp_path / "pairs" / "alpha" / f"{number}.png", alpha)
    write_image(tmp_path / "sea.jpg", painted(BLUE, 80, 60))
    people, settings = find_people([tmp_path / "pairs"]), {"size": SIZE, "workers": 1, "keep": 0, **others}
    counts = {}
    for value in (0, 1):
        make_composites(
            tmp_path / str(value), people, [tmp_path / "sea.jpg"], 6, **settings, **{share: value}
        )
        counts[value] = len(calls)
    assert counts == {0: 0, 1: 6}


def test_a_share_decides_which_pictures_have_shadows_or_things_beside_the_person(folders, monkeypatch):
    calls = calls_of(monkeypatch, "composite")
    people, settings = find_people([folders / "pairs"]), {"size": SIZE, "workers": 1, "keep": 0}

    def given(name, **shares):
        calls.clear()
        make_composites(folders / name, people, [folders / "backgrounds"], 6, **settings, **shares)
        return [(call["shadows"], call["clutter"] is not None) for call in calls]

    assert given("none") == [(False, False)] * 6
    assert given("shadows", shadows=1) == [(True, False)] * 6
    assert given("clutter", clutter=1) == [(False, True)] * 6


@pytest.mark.parametrize("flag", ["--replace", "--swap"])
def test_the_command_line(folders, flag, monkeypatch):
    (folders / "a.txt").write_text("pairs/0\n")
    (folders / "b.txt").write_text("cutouts/1\n2\n")
    arguments = ["composite_data.py", folders / "out", "--backgrounds", folders / "backgrounds"]
    arguments += ["--people", folders / "pairs", "--people", folders / "cutouts", "--size", "48x64"]
    arguments += ["--exclude", folders / "a.txt", "--exclude", folders / "b.txt", "--count", "4", flag, "0.5"]
    monkeypatch.setattr("sys.argv", [str(each) for each in arguments])
    assert main() == 0
    assert "replace 0.5" in (folders / "out" / "composites.txt").read_text()
    shown = {path.name for path in (folders / "out" / "clip_img").iterdir()}
    assert shown == {"pairs_1", "cutouts_deep_0"}


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


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"keep": 1.5}, "keep is 1.5; it must be a share from 0 to 1"),
        ({"keep": 0.5, "walls": -0.1, "arms": 2}, "walls is -0.1; "),
        ({"size": (8, 64)}, "height is 8; it must be at least 16"),
        ({"seed": -1}, "seed is -1; it must be at least 0"),
        ({"count": 0}, "count is 0; it must be at least 1"),
        ({"workers": -3}, "workers is -3; it must be at least 1"),
        ({"excluded": {"0", "1", "2"}}, "there is nobody to show"),
    ],
)
def test_bad_arguments_are_refused(folders, wrong, message):
    people, backgrounds = find_people([folders / "pairs"]), [folders / "backgrounds"]
    with pytest.raises(UserError, match=message):
        make_composites(folders / "out", people, backgrounds, **{"count": 2, **wrong})
    assert not (folders / "out").exists()


_WRONG_NUMBERS = [
    ("--count", "0", "must be a number of at least 1"),
    ("--workers", "-3", "must be a number of at least 1"),
    ("--seed", "-1", "must be a number of at least 0"),
]
_WRONG_OPTIONS = [
    *(
        (command, *each)
        for command in (composite_data, clip_data, figure_data, sample_data)
        for each in _WRONG_NUMBERS
    ),
    (clip_data, "--size", "8", "must be a number of at least 32"),
    (composite_data, "--size", "abc", "must be width x height in pixels, from 16"),
    (composite_data, "--size", "8x64", "must be width x height in pixels, from 16"),
    (composite_data, "--keep", "1.5", "must be a number from 0 to 1"),
    (composite_data, "--keep", "much", "must be a number from 0 to 1"),
]


@pytest.mark.parametrize(("command", "option", "value", "what"), _WRONG_OPTIONS)
def test_wrong_options_are_named_with_their_values(monkeypatch, capsys, command, option, value, what):
    words = ["out", "--people", "people", "--backgrounds", "photos"]
    words = words if command in (composite_data, clip_data) else words[:1]
    monkeypatch.setattr("sys.argv", ["command.py", *words, option, value])
    with pytest.raises(SystemExit) as stop:
        command.main()
    assert stop.value.code == 2
    assert f"argument {option}: {value}: {what}" in capsys.readouterr().err
