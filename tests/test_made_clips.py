"""Clips made from stills: how they move, and the command that writes them."""

import itertools
import shutil

import numpy as np
import pytest

from src import clip_data
from src.clips.backgrounds import Backgrounds, Played, Still
from src.clips.easing import Easing, draw_easing
from src.clips.layouts import find_clips
from src.clips.made_clip import FRAMES, Pause, draw_clip
from src.clips.motion import Motion, Pose, draw_motion
from src.clips.spline import POINTS, bending
from src.clips.video_frames import VideoFrames
from src.common.errors import UserError
from src.composites.framing import Frame
from src.composites.person import Person
from src.data.light import Light
from src.images.affine import Affine
from src.images.blending import blend
from src.images.files import ImageError
from src.images.preprocessing import resize
from tests.small_clips import alpha, frame, write, write_mp4
from tests.small_dataset import make_person

FLAT = np.zeros((POINTS, POINTS, 2))
SIZE = 32


@pytest.fixture(scope="module")
def backgrounds(tmp_path_factory) -> Backgrounds:
    folder = tmp_path_factory.mktemp("backgrounds")
    photo = write(folder / "photo.png", frame(12, 60, 90))
    return Backgrounds((photo,), (write_mp4(folder / "video.mp4", [frame(k) for k in range(20)]),))


@pytest.fixture(scope="module")
def person() -> Person:
    photo, matte = make_person((1,), 60, 44)
    return Person(photo, photo, matte)


def make(person, backgrounds, seed: int):
    return draw_clip(np.random.default_rng(seed), person, backgrounds, SIZE, [])


def test_a_spline_bends_as_its_points_and_keeps_planes():
    rng = np.random.default_rng(0)
    shifts = rng.normal(0, 0.02, (POINTS, POINTS, 2))
    found = bending(shifts, 301, 301)
    for row, column in itertools.product(range(POINTS), repeat=2):
        np.testing.assert_allclose(found[row * 100, column * 100], shifts[row, column], atol=0.004)
    places = np.linspace(0, 1, POINTS)
    plane = np.stack(np.meshgrid(places, places), axis=-1) * (2, -3)
    middle = bending(plane, 96, 192)[30:60, 50:150]
    rows, columns = (np.arange(30, 60) + 0.5) / 96, (np.arange(50, 150) + 0.5) / 192
    expected = np.stack(np.meshgrid(2 * columns, -3 * rows), axis=-1)
    np.testing.assert_allclose(middle, expected, atol=1e-3)


def test_easings_go_from_0_to_1_and_one_of_five_is_linear():
    rng = np.random.default_rng(0)
    drawn = [draw_easing(rng) for _ in range(2000)]
    assert np.mean([each.power == 1 for each in drawn]) == pytest.approx(0.2, abs=0.03)
    times = np.linspace(0, 1, FRAMES)
    for easing in set(drawn):
        way = np.array([easing(time) for time in times])
        assert way[0] == 0 and way[-1] == 1 and (np.diff(way) > 0).all()
    assert Easing(2, "in")(0.5) == 0.25 and Easing(2, "out")(0.5) == 0.75 and Easing(3, "both")(0.5) == 0.5


def test_a_motion_goes_from_one_pose_to_the_other():
    """Without spline, half of the way is the mean of all changes; a pixel shows what was moved onto it."""
    start, end = Affine(10, 4, 0.9, (0.1, 0)), Affine(-6, 0, 1.1, (0, 0.1))
    motion = Motion(Pose(start, FLAT), Pose(end, FLAT), Easing())
    for time, affine in ((0, start), (0.5, Affine(2, 2, 1, (0.05, 0.05))), (1, end)):
        places = motion.places(time, 41, 61)
        matrix = affine.matrix(41, 61)
        moved = places @ matrix[:, :2].T + matrix[:, 2]
        expected = np.stack(np.meshgrid(np.arange(61), np.arange(41)), axis=-1)
        np.testing.assert_allclose(moved, expected, atol=1e-3)


def test_a_pause_holds_the_picture_and_then_goes_on():
    assert [Pause(2, 3).moment(k) for k in range(8)] == [0, 1, 2, 2, 2, 2, 3, 4]
    assert [Pause(0, 0).moment(k) for k in range(3)] == [0, 1, 2]


def test_a_made_clip_depends_on_its_seed_alone_and_frames_on_their_number(person, backgrounds):
    clip, again, other = (make(person, backgrounds, seed) for seed in (1, 1, 2))
    whole = clip.images(range(FRAMES)), clip.alphas(range(FRAMES))
    for number in (9, 3):
        np.testing.assert_array_equal(again.images([number])[0], whole[0][number])
        np.testing.assert_array_equal(again.alphas([number])[0], whole[1][number])
    assert np.abs(other.images([3])[0].astype(int) - whole[0][3]).max() > 20
    assert all(image.shape == (SIZE, SIZE, 3) for image in whole[0])


def test_person_and_alpha_move_together_over_the_background(person, backgrounds):
    """The person is bright, and the background black."""
    for seed in range(20):
        clip = make(person, backgrounds, seed)._replace(
            background=Still(np.zeros((80, 80, 3), np.uint8), None)
        )
        image, matte = clip.images([4])[0], clip.alphas([4])[0]
        assert matte.max() > 200, "the crop is near the person"
        np.testing.assert_array_equal(image[matte == 0], 0)
        assert image[matte == 255].min() > 150


def test_frames_are_the_layers_composed_and_light_falls_on_the_background_before(person, backgrounds):
    clip = make(person, backgrounds, 3)
    (behind,), (alpha,), (image,) = clip.behind([5]), clip.alphas([5]), clip.images([5])
    np.testing.assert_array_equal(image[alpha == 0], behind[alpha == 0])
    light = Light(0.5, (1, 1, 1), (0.5, 0.5), None, 0.8, True)
    (lit,) = clip.images([5], light)
    np.testing.assert_array_equal(lit[alpha == 255], image[alpha == 255])
    black = np.zeros_like(image)
    layer = image.astype(int) - blend(black, behind, alpha)
    np.testing.assert_allclose(lit, layer + blend(black, light.shine(behind), alpha), atol=2)
    assert np.abs(lit.astype(int) - image)[alpha == 0].max() > 20


def test_kinds_of_backgrounds_have_their_shares(backgrounds):
    rng = np.random.default_rng(0)
    drawn = [backgrounds.draw(rng, (40, 50), FRAMES, []) for _ in range(600)]
    stills = [each for each in drawn if isinstance(each, Still)]
    assert len(stills) / 600 == pytest.approx(0.5, abs=0.07)
    assert np.mean([each.motion is not None for each in stills]) == pytest.approx(1 / 3, abs=0.09)
    speeds = np.array([each.speed for each in drawn if isinstance(each, Played)])
    assert 0.5 <= np.abs(speeds).min() < 0.7 and 4.8 < np.abs(speeds).max() <= 5
    assert np.mean(speeds < 0) == pytest.approx(0.5, abs=0.1)
    numbers = [each.number(time) for each in drawn if isinstance(each, Played) for time in range(FRAMES)]
    assert min(numbers) == 0 and max(numbers) == 19


def test_a_played_video_goes_at_its_speed_and_turns_at_its_ends(backgrounds):
    video = VideoFrames(backgrounds.videos[0])
    played = Played(video, 13, 2, Frame(0, 0, *video.size, False), (20, 30))
    assert [played.number(time) for time in range(6)] == [13, 15, 17, 19, 17, 15]
    assert [played._replace(speed=-4).number(time) for time in range(6)] == [13, 9, 5, 1, 3, 7]
    found = played.at([1, 0], FRAMES)
    np.testing.assert_allclose([each.mean() for each in found], [frame(15).mean(), frame(13).mean()], atol=3)
    assert found[0].shape == (20, 30, 3)


def test_a_moving_still_moves_and_leaves_no_gap():
    image = np.full((40, 60, 3), 200, np.uint8)
    image[:, :30] = 100
    moving = Still(image, draw_motion(np.random.default_rng(2)))
    first, last = moving.at([0, FRAMES - 1], FRAMES)
    assert min(first.min(), last.min()) == 100 and np.abs(first.astype(int) - last).max() == 100


def test_a_filmed_person_is_composed_frame_by_frame(tmp_path, backgrounds):
    write_mp4(tmp_path / "fgr" / "0001.mp4", [frame(k) for k in range(18)])
    write_mp4(tmp_path / "pha" / "0001.mp4", [alpha(k) for k in range(18)])
    (filmed,) = find_clips(tmp_path)
    made = draw_clip(np.random.default_rng(1), filmed, backgrounds, SIZE, [])
    first, size = made.foreground.first, made.foreground.size
    assert 0 <= first <= 18 - FRAMES and 1.3 * SIZE < min(size) < 1.7 * SIZE
    for time in (0, FRAMES - 1):
        expected = made.crop.cut(resize(alpha(first + time), *size))
        np.testing.assert_allclose(made.alphas([time])[0].astype(int), expected, atol=12)
        image, inside = made.images([time])[0], made.alphas([time])[0] == 255
        assert not inside.any() or abs(image[inside].mean() - frame(first + time).mean()) < 12
    with pytest.raises(ImageError, match="0001: has 18 frames"):
        draw_clip(np.random.default_rng(1), filmed, backgrounds, SIZE, [], count=19)


def test_a_background_that_cannot_be_read_is_named_and_replaced(tmp_path, person, backgrounds):
    bad = tmp_path / "bad.png"
    bad.write_text("nothing")
    problems: list[str] = []
    for seed in range(4):
        draw_clip(
            np.random.default_rng(seed), person, Backgrounds((bad, *backgrounds.photos), ()), SIZE, problems
        )
    assert problems and all(str(bad) in problem for problem in problems)
    (tmp_path / "bad.mp4").write_text("nothing")
    bad_video = Backgrounds(backgrounds.photos, (tmp_path / "bad.mp4",))
    for one_kind in (bad_video, Backgrounds((bad,), backgrounds.videos)):
        for seed in range(6):  # of either kind
            draw_clip(np.random.default_rng(seed), person, one_kind, SIZE, problems)
    with pytest.raises(UserError, match="none of the 1 backgrounds"):
        draw_clip(np.random.default_rng(0), person, Backgrounds((bad,), ()), SIZE, problems)
    with pytest.raises(UserError, match=r"bad\.png"):
        draw_clip(np.random.default_rng(0), person, Backgrounds((bad,), ()), SIZE, [])


@pytest.fixture(scope="module")
def people_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "people"
    for number in range(3):
        photo, matte = make_person((number,), 60, 44)
        write(folder / "image" / f"p{number}.jpg", photo)
        write(folder / "alpha" / f"p{number}.png", matte)
    (folder / "hidden.txt").write_text("p1\n")
    return folder


def run(monkeypatch, out, people_folder, backgrounds, *flags) -> int:
    paths = [*backgrounds.photos, *backgrounds.videos]
    arguments = [
        out,
        "--people",
        people_folder,
        "--backgrounds",
        *paths,
        "--size",
        SIZE,
        "--workers",
        1,
        *flags,
    ]
    monkeypatch.setattr("sys.argv", ["clip_data.py", *map(str, arguments)])
    return clip_data.main()


def contents(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.png"))}


def test_the_command_writes_clips_that_are_read_again_and_continues(
    tmp_path, monkeypatch, people_folder, backgrounds
):
    out = tmp_path / "train"
    hidden = ["--exclude", people_folder / "hidden.txt"]
    assert run(monkeypatch, out, people_folder, backgrounds, "--count", 3, *hidden) == 0
    names = ["people_p0-00000", "people_p0-00001", "people_p2-00000"]
    assert sorted(each.name for each in out.iterdir() if each.is_dir()) == names
    problems: list[str] = []
    clips = find_clips(out, problems.append)
    assert [clip.name for clip in clips] == names and not problems
    assert all(clip.numbers == tuple(range(FRAMES)) and clip.size == (SIZE, SIZE) for clip in clips)
    made = contents(out)
    # As after a run that was killed: a clip is missing, and another one unfinished.
    for path in sorted((out / names[2]).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (out / names[2]).rmdir()
    unfinished = out / ".partial-shm-abcdefgh" / "com"
    unfinished.mkdir(parents=True)
    kept = (out / names[0] / "com" / "0000.png").stat().st_mtime_ns
    assert run(monkeypatch, out, people_folder, backgrounds, "--count", 3, *hidden) == 0
    assert contents(out) == made and not unfinished.parent.exists()
    assert (out / names[0] / "com" / "0000.png").stat().st_mtime_ns == kept
    with pytest.raises(UserError, match=r"clips\.txt"):
        run(monkeypatch, out, people_folder, backgrounds, "--count", 3, *hidden, "--seed", 1)


@pytest.mark.parametrize("now", ["excluded", "gone"])
def test_no_clips_of_people_who_are_excluded_now_or_gone_stay(
    tmp_path, monkeypatch, people_folder, backgrounds, now
):
    """The number of people is the same in both runs."""
    people, out = shutil.copytree(people_folder, tmp_path / "people"), tmp_path / "train"
    (tmp_path / "p0.txt").write_text("p0\n")
    hidden = ["--exclude", people / "hidden.txt"]
    assert run(monkeypatch, out, people, backgrounds, "--count", 2, *hidden) == 0
    if now == "excluded":
        hidden = ["--exclude", tmp_path / "p0.txt"]
    else:
        (people / "image" / "p0.jpg").rename(people / "image" / "p3.jpg")
        (people / "alpha" / "p0.png").rename(people / "alpha" / "p3.png")
    made = contents(out)
    with pytest.raises(UserError, match="people_p0-00000: made of a person who is excluded now or not among"):
        run(monkeypatch, out, people, backgrounds, "--count", 2, *hidden)
    assert contents(out) == made


def test_a_person_that_cannot_be_read_is_named_and_gives_status_3(
    tmp_path, monkeypatch, people_folder, backgrounds, capsys
):
    people = shutil.copytree(people_folder, tmp_path / "people")
    (people / "image" / "p1.jpg").write_bytes(b"\xff\xd8 no photo")
    assert run(monkeypatch, tmp_path / "train", people, backgrounds, "--count", 3) == 3
    screen = capsys.readouterr().out.replace("\r", "\n")
    assert f"left out: {people / 'image' / 'p1.jpg'}: " in screen
    assert f"{tmp_path / 'train'}: holds 2 clips" in screen


def test_a_person_whose_clips_have_too_long_a_name_is_left_out(
    tmp_path, monkeypatch, people_folder, backgrounds, capsys
):
    people, name = shutil.copytree(people_folder, tmp_path / "people"), "p" * 248
    (people / "image" / "p1.jpg").rename(people / "image" / f"{name}.jpg")
    (people / "alpha" / "p1.png").rename(people / "alpha" / f"{name}.png")
    assert run(monkeypatch, tmp_path / "train", people, backgrounds, "--count", 3) == 3
    screen = capsys.readouterr().out.replace("\r", "\n")
    assert f"left out: {tmp_path / 'train'}/people_{name}-00000: " in screen and "name too long" in screen
    assert f"{tmp_path / 'train'}: holds 2 clips" in screen


def test_the_command_does_not_write_beside_other_data(tmp_path, monkeypatch, people_folder, backgrounds):
    (tmp_path / "mine").mkdir()
    with pytest.raises(UserError, match="mine"):
        run(monkeypatch, tmp_path, people_folder, backgrounds, "--count", 1)
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
