"""Rendered people: poses, rendering, and the command; the body itself where the package anny is installed."""

import sys

import cv2
import numpy as np
import pytest

from src import figure_data
from src.common.errors import UserError
from src.composite_data import make_composites
from src.data.people import find_people
from src.figure_data import make_figures
from src.figures.body import BODY, Figure, load_body
from src.figures.clothes import Dressed, Surface, dress
from src.figures.pattern import draw_pattern, draw_plain
from src.figures.person import draw_person
from src.figures.pose import draw_pose
from src.figures.rendering import Light, View, render
from src.figures.rotation import between, rotation
from src.figures.strands import draw_strands
from src.figures.superellipsoid import superellipsoid
from src.images.files import read_photo, write_image

# Where a standing body's joints are, in metres; the right side mirrors the left.
LEFT = {
    "upperarm01": (0.16, -0.02, 0.47),
    "lowerarm01": (0.33, -0.02, 0.28),
    "wrist": (0.45, -0.18, 0.16),
    "upperleg01": (0.10, -0.01, 0.04),
    "lowerleg01": (0.14, -0.04, -0.35),
    "foot": (0.18, 0.0, -0.75),
}
JOINTS = {f"{name}.L": np.array(place) for name, place in LEFT.items()}
JOINTS |= {f"{name}.R": np.array(place) * (-1, 1, 1) for name, place in LEFT.items()}
WHITE = Light(np.array((0.0, -1, 0)), np.full(3, 1.0), np.zeros(3))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def limb(pose, *bones: str) -> list[np.ndarray]:
    """Where the bones of a limb begin in a pose, seen from what bears the limb."""
    places, turned = [JOINTS[bones[0]]], np.eye(3)
    for bone, following in zip(bones[:-1], bones[1:], strict=True):
        turned = turned @ pose.rotations[bone]
        places.append(places[-1] + turned @ (JOINTS[following] - JOINTS[bone]))
    return places


@pytest.fixture(scope="module")
def poses():
    return [draw_pose(rng(seed), JOINTS) for seed in range(200)]


def test_all_turns_are_rotations(poses):
    for pose in poses[:20]:
        for turn in pose.rotations.values():
            np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
            assert np.linalg.det(turn) == pytest.approx(1)


def test_arms_end_outside_the_trunk_and_reach_everywhere(poses):
    hands = np.array([limb(pose, "upperarm01.L", "lowerarm01.L", "wrist.L")[-1] for pose in poses])
    inside = np.hypot(hands[:, 0] / 0.17, hands[:, 1] / 0.15) < 1
    assert np.mean(inside & (hands[:, 2] > 0.04) & (hands[:, 2] < 0.47)) < 0.02
    assert 0.15 < np.mean(hands[:, 2] > JOINTS["upperarm01.L"][2]) < 0.85  # above and below the shoulder
    assert hands[:, 0].max() > 0.5 and hands[:, 1].min() < -0.4  # to the side, and ahead


def test_knees_and_feet_are_below_where_people_stand(poses):
    standing = [pose for pose in poses if pose.stands]
    assert 0.25 < len(standing) / len(poses) < 0.6
    for pose in standing:
        hip, knee, foot = limb(pose, "upperleg01.L", "lowerleg01.L", "foot.L")
        assert hip[2] - 0.3 > knee[2] > foot[2] + 0.3


def test_knees_bend_one_way(poses):
    for pose in poses:
        for side in "LR":
            hip, knee, foot = limb(pose, f"upperleg01.{side}", f"lowerleg01.{side}", f"foot.{side}")
            thigh, shin = (np.rad2deg(np.arctan2(-each[1], -each[2])) for each in (knee - hip, foot - knee))
            assert shin < thigh + 1


def test_the_least_turn_between_directions():
    a, b = np.array((1.0, 2, 3)), np.array((-2.0, 0.5, 1))
    turned = between(a, b) @ a
    np.testing.assert_allclose(turned / np.linalg.norm(turned), b / np.linalg.norm(b), atol=1e-9)
    np.testing.assert_array_equal(between(a, 2 * a), np.eye(3))
    np.testing.assert_allclose(rotation((0, 0, 90)) @ (1, 0, 0), (0, 1, 0), atol=1e-9)


@pytest.fixture
def ball():
    """A white ball with a radius of 0.5 m, as a figure with a plain surface."""
    vertices, triangles = superellipsoid(np.full(3, 0.5), 2)
    white = Surface(triangles, draw_plain(rng(), np.full(3, 255.0))._replace(mottled=0))
    return Figure(vertices, vertices, {}), white


def test_a_ball_is_rendered_as_a_disc_lit_from_the_front(ball):
    figure, white = ball
    dressed = Dressed([white], np.zeros(len(figure.rest)))
    image, alpha = render(rng(), figure, dressed, View(np.eye(3), 5), WHITE, 200)
    assert image.shape[:2] == alpha.shape == (200, alpha.shape[1]) and abs(alpha.shape[1] - 200) <= 4
    radius = 100 - 200 * 0.02  # without the margins
    assert alpha.sum() / 255 == pytest.approx(np.pi * radius**2, rel=0.02)
    assert set(np.unique(alpha)) <= {0, 64, 128, 191, 255}  # four samples a pixel
    middle, half_way = image[100, 100].mean(), image[100, 100 + round(radius * 0.8)].mean()
    assert middle == pytest.approx(255, abs=4) and half_way == pytest.approx(255 * 0.6, abs=15)
    assert not image[alpha == 0].any()


def test_what_is_nearer_covers_what_is_behind(ball):
    figure, white = ball
    vertices = figure.rest * 0.4 - (0, 1.0, 0)  # a small ball in front
    red = Surface(white.triangles + len(figure.rest), draw_plain(rng(), np.array((0, 0, 255.0))))
    both = Figure(*[np.vstack((figure.rest, vertices))] * 2, {})
    dressed = Dressed([white, red], np.zeros(len(both.rest)))
    for turn, nearer in ((0, True), (180, False)):
        view = View(rotation((0, 0, turn)), 5)
        image, _ = render(rng(), both, dressed, view, WHITE, 100)
        assert (image[50, 50, 0] < 60) == nearer


def test_hairs_stick_out_of_hair_alone(ball):
    figure, white = ball
    grey = white._replace(pattern=draw_plain(rng(), np.full(3, 80.0))._replace(mottled=0))
    (_, smooth), (image, hairy) = (
        render(
            rng(),
            figure,
            Dressed([grey._replace(strands=strands)], np.zeros(len(figure.rest))),
            View(np.eye(3), 5),
            WHITE,
            300,
        )
        for strands in (False, True)
    )
    assert np.all(hairy >= smooth) and 100 < np.count_nonzero(hairy > smooth) < 20000
    assert image.max() <= 80 * 1.3 + 1  # hairs glow no more than hair
    assert not hairy[[0, -1]].any() and not hairy[:, [0, -1]].any()
    image, alpha = np.zeros((20, 20, 3), np.float32), np.zeros((20, 20), np.float32)
    draw_strands(rng(), image, alpha, np.zeros((20, 20), bool))  # no hair in sight
    assert not alpha.any()


def test_patterns_have_two_colours_but_plain_ones():
    places = rng().uniform(-1, 1, (2000, 3))
    kinds = {}
    for seed in range(60):
        pattern = draw_pattern(rng(seed))._replace(mottled=0)
        kinds[pattern.kind] = max(kinds.get(pattern.kind, 0), len(np.unique(pattern.colour(places), axis=0)))
    assert kinds == {"plain": 1, "stripes": 2, "checks": 2, "print": 2, "blocks": 2}


def without_body(monkeypatch):
    """Let the command draw discs instead of people."""
    disc = cv2.circle(np.zeros((64, 64), np.uint8), (32, 32), 20, 255, -1)
    monkeypatch.setattr(figure_data, "load_body", lambda: None)
    monkeypatch.setattr(
        figure_data,
        "draw_person",
        lambda random, height: (np.full((64, 64, 3), random.integers(255), np.uint8), disc),
    )


def test_the_command_says_how_many_are_new(tmp_path, monkeypatch, capsys):
    without_body(monkeypatch)
    words = ["figure_data.py", str(tmp_path / "f"), "--count", "2", "--workers", "1", "--height"]
    for new in (2, 0):
        monkeypatch.setattr("sys.argv", [*words, "64"])
        figure_data.main()
        assert f"{tmp_path / 'f'}: 2 people, {new} of them new\n" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", [*words, "96"])
    with pytest.raises(UserError, match="other settings"):
        figure_data.main()


def test_the_command_keeps_what_is_there_and_mixes_nothing(tmp_path, monkeypatch):
    without_body(monkeypatch)
    assert make_figures(tmp_path / "f", 3, workers=1) == 3
    first = {path.name: path.read_bytes() for path in tmp_path.glob("f/*.png")}
    (tmp_path / "f" / "figure_00001.png").unlink()
    assert make_figures(tmp_path / "f", 5, workers=1) == 3
    again = {path.name: path.read_bytes() for path in tmp_path.glob("f/*.png")}
    assert len(again) == 5 and first.items() <= again.items()
    with pytest.raises(UserError, match="other settings"):
        make_figures(tmp_path / "f", 5, seed=1, workers=1)
    for name, wrong in {"count": 0, "seed": -1, "height": 10, "workers": 0}.items():
        with pytest.raises(UserError, match=f"{name} is {wrong}; it must be "):
            make_figures(tmp_path / "g", **{"count": 1, name: wrong})


def test_the_command_does_not_write_beside_other_data(tmp_path, monkeypatch):
    without_body(monkeypatch)
    (tmp_path / "me.png").write_bytes(b"mine")
    with pytest.raises(UserError, match=f"{tmp_path}: holds other data, such as me.png; name a new folder"):
        make_figures(tmp_path, 1, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["me.png"]
    (tmp_path / "me.png").rename(tmp_path / ".me.png")
    assert make_figures(tmp_path, 1, workers=1) == 1


def test_without_anny_a_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "anny", None)
    load_body.cache_clear()
    with pytest.raises(UserError, match="pip install anny==0.6.2"):
        make_figures(tmp_path / "f", 1, workers=1)


@pytest.mark.parametrize("content", [b"", b"cut off", bytes(100)], ids=["empty", "short", "zeros"])
def test_a_damaged_cache_of_anny_is_named(tmp_path, monkeypatch, content):
    anny = pytest.importorskip("anny", reason="anny is not installed")
    read = pytest.importorskip("anny.models.model_data").ModelData.load_safetensors
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(content)
    monkeypatch.setattr(anny, "Anny", lambda **_: read(damaged))
    monkeypatch.setattr(pytest.importorskip("anny.paths"), "get_anny_cache_path", lambda: tmp_path)
    load_body.cache_clear()
    with pytest.raises(UserError, match=f"{tmp_path}: what Anny keeps there .* remove this folder"):
        make_figures(tmp_path / "f", 1, workers=1)


def test_people_of_the_body_are_whole_differ_and_can_be_composited(tmp_path):
    pytest.importorskip("anny", reason="anny is not installed")
    load_body.cache_clear()
    assert make_figures(tmp_path / "people", 2, height=240, workers=1) == 2
    photos = [read_photo(path) for path in sorted((tmp_path / "people").glob("*.png"))]
    for photo in photos:
        assert photo.colours.shape[0] == 240 and photo.alpha.max() == 255
        assert not photo.alpha[[0, -1]].any() and not photo.alpha[:, [0, -1]].any()
        count, _, stats, _ = cv2.connectedComponentsWithStats((photo.alpha > 200).astype(np.uint8))
        assert stats[1:, cv2.CC_STAT_AREA].max() > 0.9 * stats[1:, cv2.CC_STAT_AREA].sum()
    assert photos[0].alpha.shape != photos[1].alpha.shape
    image, alpha = draw_person(rng((0, 1)), 240)
    np.testing.assert_array_equal(alpha, photos[1].alpha)

    body = load_body()
    shape = dict.fromkeys(body.shape_names, 0.5)
    at_rest = body.figure(shape, {})
    seen = np.unique(body.triangles[BODY])
    assert np.ptp((at_rest.posed - at_rest.rest)[seen], axis=0).max() < 0.03  # moved nearly as a whole
    raised = body.figure(shape, {"upperarm01.L": between(np.array((1.0, 0, -1)), np.array((0.0, 0, 1)))})
    hand = np.char.startswith(body.bones, "finger3-3.L")
    assert raised.posed[hand, 2].min() > at_rest.posed[hand, 2].max() + 0.4
    dressed = dress(rng(), body, at_rest, skirt=False)
    worn = np.concatenate([np.sort(surface.triangles, axis=1) for surface in dressed.surfaces])
    skin_and_clothes = {tuple(each) for each in worn}
    assert {tuple(each) for each in np.sort(body.triangles[BODY], axis=1)} <= skin_and_clothes

    write_image(tmp_path / "places" / "room.jpg", np.full((200, 300, 3), 90, np.uint8))
    people = find_people([tmp_path / "people"])
    assert not make_composites(
        tmp_path / "made", people, [tmp_path / "places"], 2, size=(64, 64), keep=0, workers=1
    )
    assert len(list((tmp_path / "made").rglob("*.jpg"))) == 2
