"""Training pictures of people before other backgrounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.composites import camera, compositing
from src.composites.clutter import add_clutter
from src.composites.compositing import assemble, composite, reframe, show_empty, show_whole, stand_in
from src.composites.framing import add_bars, come_near, draw_frame, draw_part, see_part
from src.composites.hidden_face import hide_face
from src.composites.light import tint_like
from src.composites.person import Person, Scene
from src.composites.placement import draw_place, draw_row
from src.composites.raised_arm import raise_arm
from src.composites.rims import smooth_mask
from src.composites.walls import draw_wall
from src.images.blending import blend
from src.images.foreground import estimate_foreground

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)
SIZE = (64, 48)


def painted(colour: tuple[int, int, int], height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def disc(height: int = 60, width: int = 40, radius: int = 15) -> np.ndarray:
    """Alpha of a soft disc in the middle."""
    rows, columns = np.indices((height, width))
    distance = np.hypot(rows - height / 2, columns - width / 2)
    return np.round(np.clip(radius - distance, 0, 3) / 3 * 255).astype(np.uint8)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def plain(colour: tuple[int, int, int], alpha: np.ndarray) -> Person:
    """Someone of one colour."""
    return Person(painted(colour, *alpha.shape), painted(colour, *alpha.shape), alpha)


@pytest.fixture
def plain_light(monkeypatch):
    """Colours stay as they are."""
    for module in (camera, compositing):
        monkeypatch.setattr(module, "change_light", lambda _, image: image)
    for effect in ("_sharpen", "_darken_corners", "_add_noise"):
        monkeypatch.setattr(camera, effect, lambda _, image: image)


def mixed(front: tuple[int, int, int], behind: tuple[int, int, int], alpha: np.ndarray) -> np.ndarray:
    weight = alpha[..., np.newaxis] / 255
    return np.array(front) * weight + np.array(behind) * (1 - weight)


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
    image, alpha = composite(rng(seed), [PERSON], painted(BLUE, 30, 70), size)
    assert image.shape == (*size, 3) and alpha.shape == size and image.dtype == alpha.dtype == np.uint8
    assert alpha.max() > 0
    again, again_alpha = composite(rng(seed), [PERSON], painted(BLUE, 30, 70), size)
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(alpha, again_alpha)


def test_of_colours_person_and_background_stay_apart():
    red, blue = [], []
    for seed in range(30):
        image, alpha = composite(rng(seed), [PERSON], painted(BLUE, 30, 70), SIZE)
        inside, outside = image[alpha > 250].mean(axis=0), image[alpha == 0].mean(axis=0)
        red.append(inside[2] - inside[0])
        blue.append(outside[0] - outside[2])
    assert np.median(red) > 60 and np.median(blue) > 60


@pytest.mark.parametrize("edge", ["above", "below", "left", "right", "left and right"])
def test_who_is_cut_by_an_edge_stays_cut_by_it(edge):
    alpha = np.zeros((60, 40), np.uint8)
    rows = slice(0 if edge == "above" else 20, 60 if edge == "below" else 40)
    left = 0 if "left" in edge else 12
    alpha[rows, left : 40 if "right" in edge else 28] = 255
    for seed in range(40):
        _, placed = composite(rng(seed), [red_person(alpha)], painted(BLUE, 9, 9), SIZE)
        sides = {"left": placed[:, 0].max() > 127, "right": placed[:, -1].max() > 127}
        if edge == "below":
            assert placed[-1].max() > 127
        elif edge == "above":
            assert placed[0].max() > 127
        elif edge == "left and right":
            assert all(sides.values())
        else:  # pictures may be mirrored
            assert any(sides.values())


def test_passers_by_stand_behind_and_count_as_background():
    green = Person(painted(GREEN, 60, 40), painted(GREEN, 60, 40), disc())
    seen = 0
    for seed in range(30):
        image, alpha = composite(rng(seed), [PERSON], painted(BLUE, 9, 9), SIZE, [green, green])
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
        image, _ = composite(rng(seed), [nobody], painted(BLUE, 9, 9), SIZE, [green])
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
        near = come_near(rng(seed), Person(image, image, alpha), SIZE)
        np.testing.assert_array_equal(near.image[..., 2], near.alpha)  # cut alike
        assert near.alpha.shape[0] < 300 and near.alpha[-1].any()
        assert near.image[..., 0].min() * 2 <= 41 and near.alpha.shape[1] >= 60  # from above the head on


@pytest.mark.parametrize("alpha", [disc(), np.zeros((400, 300), np.uint8)])
def test_small_people_and_nobody_are_not_seen_from_near(alpha):
    person = red_person(alpha)
    assert come_near(rng(0), person, SIZE) is person


def test_a_person_as_wide_as_the_picture_fits_in_spite_of_rounding():
    """208 / 23 * 23 is a little less than 208."""
    person = red_person(np.full((90, 23), 255, np.uint8))
    for seed in range(20):
        _, alpha = composite(rng(seed), [person], painted(BLUE, 9, 9), (208, 208))
        assert alpha[-1].all()


def test_a_photo_of_few_columns_can_be_shrunk():
    narrow = red_person(np.full((400, 5), 255, np.uint8))
    for seed in range(20):
        image, _ = composite(rng(seed), [narrow], painted(BLUE, 9, 9), (16, 16), [narrow])
        assert image.shape == (16, 16, 3)


@pytest.mark.parametrize("edge", ["none", "below", "left", "right", "both"])
def test_who_stands_in_for_another_covers_that_one(edge, plain_light):
    whole = disc(120, 80, 30)
    alpha = {
        "none": whole,
        "below": whole[:85],
        "left": whole[:, 24:],
        "right": whole[:, :56],
        "both": whole[:, 20:60],
    }[edge]
    other = np.zeros((90, 120), np.uint8)
    other[40:80, 40:70] = 255
    scene = Scene(painted(BLUE, *other.shape), other)
    for seed in range(8):
        shown, shown_alpha = stand_in(rng(seed), plain(RED, alpha), scene, other.shape)
        rows, columns = np.nonzero(shown_alpha > 127)
        if edge != "both":  # enlarged to reach both sides
            assert 22 <= rows[0] <= 48
        assert rows[-1] == 89 if edge == "below" else 75 <= rows[-1] <= 80
        assert (columns.min() == 0) == (edge in ("left", "both"))
        assert (columns.max() == 119) == (edge in ("right", "both"))
        if not np.ptp(shown, axis=2).any():
            continue  # without colours
        assert np.abs(shown - mixed(RED, BLUE, shown_alpha)).max() <= 2


def test_pictures_are_exactly_the_person_before_the_background(plain_light):
    """Also where camera or scale blur the rim: of plain colours, mixing and blurring can be swapped."""
    blurred = 0
    for seed in range(60):
        image, alpha = composite(rng(seed), [plain(RED, disc())], painted(BLUE, 30, 70), SIZE)
        if np.ptp(image, axis=2).any():
            assert np.abs(image - mixed(RED, BLUE, alpha)).max() <= 1.5
        generator = rng(seed)
        sharp = plain(RED, disc())
        _, alpha = camera.take_photo(generator, sharp.image, sharp.alpha)
        blurred += not np.array_equal(alpha, sharp.alpha)
    assert blurred >= 3


def test_nobody_is_enlarged_and_who_keeps_the_size_keeps_every_pixel():
    image = rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    kept = 0
    for seed in range(60):
        place = draw_place(rng(seed), disc(), (100, 100))
        assert place.height <= 60 and place.width <= 40
        if place.height == 60:
            padded = np.zeros((300, 300, 3), np.uint8)
            padded[100 + place.top : 160 + place.top, 100 + place.left : 140 + place.left] = (
                image[:, ::-1] if place.mirrored else image
            )
            np.testing.assert_array_equal(place.show(image, (100, 100)), padded[100:200, 100:200])
            kept += 1
    assert kept > 10


def test_photos_are_enlarged_only_where_they_are_too_small():
    for seed in range(40):
        frame = draw_frame(rng(seed), (90, 120), (64, 48))
        assert frame.height >= 64 and frame.width >= 48
        assert draw_frame(rng(seed), (32, 60), (64, 48))[2:4] == (32, 24)


def test_people_are_cropped_at_any_side():
    cropped = dict.fromkeys(("above", "below", "left", "right"), 0)
    for seed in range(300):
        alpha = draw_place(rng(seed), disc(120, 80, 30), SIZE).show(disc(120, 80, 30), SIZE)
        for side, edge in zip(cropped, (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]), strict=True):
            cropped[side] += np.count_nonzero(edge > 127) >= 6
    assert min(cropped.values()) >= 10, cropped


def test_of_groups_everybody_counts(plain_light):
    people = [plain(RED, disc()), plain(GREEN, disc()), plain(GREEN, disc()[:36])]
    greens = 0
    for seed in range(30):
        image, alpha = composite(rng(seed), people, painted(BLUE, 9, 9), SIZE)
        if np.ptp(image, axis=2).any():
            blue = image[..., 0].astype(float)
            assert np.abs(blue - (255 - alpha.astype(float))).max() <= 2
            greens += (image[..., 1] > 200).any()
    assert greens > 20


def test_alpha_of_several_is_their_union():
    first, second = rng(0).integers(0, 256, (2, 8, 8), np.uint8)
    layers = [(painted(RED, 8, 8), first), (painted(RED, 8, 8), second)]
    image, alpha = assemble(rng(0), layers, painted(BLUE, 8, 8))
    union = 255 * (1 - (1 - first / 255) * (1 - second / 255))
    assert np.abs(alpha - union).max() <= 0.5
    assert np.abs(image - mixed(RED, BLUE, alpha)).max() <= 1.5


def test_in_a_row_cut_sides_lie_at_the_edges_of_the_picture():
    left, both, above = disc()[:, 12:], disc()[:, 10:30], disc()[20:]
    for seed in range(30):
        places = draw_row(rng(seed), [disc(), left, left, left, both, above], SIZE)
        assert places[0] and places[4] is places[5] is None
        standing = [place for place in places[1:4] if place]
        assert [place.mirrored for place in standing].count(False) == 1 and len(standing) == 2
        for place in standing:
            edge = place.left + place.width >= SIZE[1] if place.mirrored else place.left <= 0
            assert edge
        assert places[0].height <= 60
    assert draw_row(rng(0), [both, above], SIZE) == [None, None]


def test_shadows_darken_the_background_below_feet_alone():
    alpha = np.zeros(SIZE, np.uint8)
    alpha[10:56, 16:30] = 255
    alpha[9] = alpha[10] // 2
    light = painted((200, 200, 200), *SIZE)
    layer = painted(RED, *SIZE), alpha
    plain_image, plain_alpha = assemble(rng(0), [layer], light)
    for seed in range(10):
        image, shown = assemble(rng(seed), [layer], light, shadows=True)
        np.testing.assert_array_equal(shown, alpha)
        np.testing.assert_array_equal(image[alpha == 255], plain_image[alpha == 255])
        assert (image <= plain_image).all()
        assert image[57, 16:30].mean() < 190 and image[:40][alpha[:40] == 0].min() >= 190
        alpha_below = np.roll(alpha, 8, axis=0)
        cut, _ = assemble(rng(seed), [(layer[0], alpha_below)], light, shadows=True)
        np.testing.assert_array_equal(cut, assemble(rng(seed), [(layer[0], alpha_below)], light)[0])


def test_tints_bring_the_background_near_the_person():
    noise = rng(1).integers(100, 140, (*SIZE, 3), np.uint8)
    alpha = np.zeros(SIZE, np.uint8)
    alpha[10:60, 10:30] = 255
    for seed in range(10):
        tinted = tint_like(rng(seed), noise, painted((40, 90, 180), *SIZE), alpha)
        before, after = (np.abs(each.mean(axis=(0, 1)) - (40, 90, 180)).max() for each in (noise, tinted))
        assert after < 0.6 * before
        assert tinted.std() > 5  # its texture stays
    nobody = np.zeros(SIZE, np.uint8)
    assert tint_like(rng(0), noise, noise, nobody) is noise


def test_walls_are_bright_dark_plain_and_textured():
    walls = [draw_wall(rng(seed), SIZE) for seed in range(60)]
    assert all(wall.shape == (*SIZE, 3) and wall.dtype == np.uint8 for wall in walls)
    means = [wall.mean() for wall in walls]
    rough = [np.abs(np.diff(wall.astype(int), axis=1)).mean() for wall in walls]
    assert max(means) > 210 and min(means) < 30 and min(rough) < 1 and max(rough) > 8
    np.testing.assert_array_equal(walls[7], draw_wall(rng(7), SIZE))


def test_rims_of_binary_masks_become_smooth_and_no_wider():
    rows, columns = np.indices((600, 400))
    true = rows > 100 + 0.4 * columns
    steps = np.where(rows > 100 + 0.4 * (columns // 3 * 3), 255, 0).astype(np.uint8)
    smooth = smooth_mask(steps)
    assert ((smooth > 0) & (smooth < 255)).any() and (smooth[steps == 0] < 64).all()
    assert (smooth[true & (rows > 110 + 0.4 * columns)] == 255).all()
    soft = disc()
    assert smooth_mask(soft) is soft
    np.testing.assert_array_equal(smooth_mask(np.full((60, 40), 255, np.uint8)), 255)


def test_reframing_keeps_photo_and_alpha_together(plain_light):
    rows = np.arange(64, dtype=np.uint8)[:, np.newaxis] * 4
    alpha = np.broadcast_to(rows, (64, 48))
    image = np.repeat(alpha[..., np.newaxis], 3, axis=2)
    for seed in range(20):
        shown, cut = reframe(rng(seed), Person(image, image, alpha), (32, 24))
        assert np.abs(shown[..., 0].astype(int) - cut).max() <= 1


def test_stray_holes_of_binary_masks_are_filled_and_real_ones_stay():
    mask = np.zeros((400, 300), np.uint8)
    mask[100:400, 50:250] = 255
    mask[150:154, 100:105] = 0  # stray
    mask[200:230, 100:120] = 0  # between arm and body
    mask[398:400, 150:153] = 0  # open to the edge: no hole
    smooth = smooth_mask(mask)
    assert (smooth[145:160, 95:110] == 255).all()
    assert (smooth[205:225, 105:115] == 0).all() and smooth[399, 151] == 0


@given(seed=st.integers(0, 99), size=st.tuples(st.integers(16, 90), st.integers(16, 90)))
def test_bars_lie_at_two_sides(seed, size):
    part = draw_part(rng(seed), size)
    assert (part[0] == size[0]) != (part[1] == size[1])
    assert all(0.45 * whole <= side <= whole for side, whole in zip(part, size, strict=True))
    image, alpha = add_bars(painted(RED, *part), np.full(part, 255, np.uint8), size)
    assert image.shape == (*size, 3) and alpha.shape == size
    assert (image[alpha == 255] == RED).all() and np.count_nonzero(alpha) == part[0] * part[1]
    assert (image[alpha == 0] == (114, 121, 134)).all()


def test_a_whole_photo_keeps_its_edges_and_aspect_ratio(plain_light):
    alpha = np.zeros((90, 60), np.uint8)
    alpha[:, 20:40] = 255  # from the upper edge to the lower
    seen = set()
    for seed in range(20):
        image, shown = show_whole(rng(seed), plain(RED, alpha), (48, 48))
        assert image.shape == (48, 32, 3) and shown.shape == (48, 32)
        assert (shown[[0, -1], 16] > 250).all() and (shown[:, [0, -1]] < 5).all()
        seen.add(shown.tobytes())
    wide, _ = show_whole(rng(0), plain(RED, alpha.T), (48, 48))
    assert wide.shape == (32, 48, 3)


def test_an_empty_picture_shows_the_background_alone():
    background = np.full((60, 90, 3), (20, 200, 90), np.uint8)
    image, alpha = show_empty(rng(3), background, (40, 48))
    assert image.shape == (40, 48, 3) and alpha.shape == (40, 48) and not alpha.any()
    colour = image.reshape(-1, 3).mean(axis=0)
    assert colour[1] > colour[2] > colour[0]  # in another light


def test_things_beside_people_come_from_another_photo_and_leave_most_of_the_background():
    behind, photo = painted((20, 20, 20), *SIZE), painted((200, 200, 200), 90, 120)
    shares = []
    for seed in range(30):
        changed = add_clutter(rng(seed), behind, photo)[..., 0] > 100
        shares.append(changed.mean())
    assert max(shares) < 0.8 and np.mean(shares) < 0.4 and np.mean(np.array(shares) > 0.01) > 0.8


def test_with_things_beside_them_people_stay_in_front(plain_light):
    alpha, cluttered = disc(), 0
    for seed in range(10):
        image, shown = composite(
            rng(seed), [plain(RED, alpha)], painted(BLUE, 90, 90), SIZE, clutter=painted(GREEN, 90, 90)
        )
        cluttered += bool((image[..., 1] > 100).any())
        assert (image[shown == 255] == RED).all() or np.unique(image[shown == 255], axis=0).shape[0] == 1
        assert not shown[(image == GREEN).all(axis=-1)].any()
    assert cluttered > 5


def test_against_the_light_people_are_dark_and_what_is_behind_is_brighter():
    alpha = np.zeros(SIZE, np.uint8)
    alpha[20:60, 10:30] = 255
    layers, behind = [(painted((120, 130, 140), *SIZE), alpha)], painted((100, 110, 120), *SIZE)
    for seed in range(20):
        image, shown = assemble(rng(seed), layers, behind, backlit=True)
        np.testing.assert_array_equal(shown, alpha)
        assert (image[alpha == 255] <= 70).all() and (image[alpha == 0] >= (100, 110, 120)).all()


def test_hidden_faces_change_nothing_below_the_head():
    image = rng(1).integers(0, 256, (120, 80, 3), np.uint8)
    alpha = np.zeros((120, 80), np.uint8)
    alpha[20:120, 20:60] = 255
    alpha[20:50, 20:30] = alpha[20:50, 50:60] = 0  # beside the head
    for seed in range(20):
        hidden = hide_face(rng(seed), image, alpha)
        changed = (np.abs(hidden.astype(int) - image) > 8).any(axis=-1)
        assert changed[20:50, 30:50].any() and not changed[90:].any() and not changed[:5].any()
    nobody = np.zeros_like(alpha)
    assert hide_face(rng(0), image, nobody) is image


def test_from_afar_people_are_smaller_and_still_in_the_picture():
    alpha = np.zeros((200, 80), np.uint8)
    alpha[10:190, 20:60] = 255
    for distance in (1.3, 2, 4):
        for count in (1, 3):  # alone, and in a row
            shares = []
            for seed in range(20):
                people = [plain(RED, alpha)] * count
                _, shown = composite(rng(seed), people, painted(BLUE, 90, 90), (160, 160), distance=distance)
                shares.append(np.ptp(np.flatnonzero((shown > 127).any(axis=1))) / 160)
            assert 0.1 / distance < min(shares) and np.mean(shares) < 1.05 / distance and max(shares) <= 1


def test_a_raised_arm_and_what_it_holds_belong_to_the_person():
    skin, cloth, wall, thing = (130, 160, 220), (40, 90, 30), (200, 60, 60), (10, 240, 250)
    alpha = np.zeros((120, 160), np.uint8)
    alpha[20:60, 70:90] = 255
    alpha[60:, 60:100] = 255
    image = painted(wall, 120, 160)
    image[alpha == 255] = cloth
    image[20:60, 70:90] = skin
    held = bare = sleeved = 0
    for seed in range(60):
        changed, shown = raise_arm(rng(seed), image, alpha, painted(thing, 30, 40))
        new = (shown == 255) & (alpha == 0)
        assert (shown >= alpha).all() and new.any()
        np.testing.assert_array_equal(changed[shown == 0], image[shown == 0])
        near = {
            name: np.abs(changed[new] - np.float32(colour)).max(axis=1) < 60
            for name, colour in (("skin", skin), ("cloth", cloth), ("wall", wall), ("thing", thing))
        }
        assert not near["wall"].any()
        held, bare, sleeved = (
            held + near["thing"].any(),
            bare + near["skin"].any(),
            sleeved + near["cloth"].any(),
        )
    assert 15 < held < 50 and bare > 40 and sleeved > 25
    nobody = np.zeros_like(alpha)
    assert raise_arm(rng(0), image, nobody, image)[0] is image


def test_of_an_arm_s_soft_edges_alpha_is_the_share_that_hides_the_wall():
    """Of a black and a white wall, whose difference is seen through; the person has a soft rim as well."""
    alpha = np.zeros((120, 160), np.uint8)
    alpha[10:, 58:102] = 100
    alpha[12:, 60:100] = 255
    person = np.tile(np.uint8([30, 160, 40]), (120, 160, 1))
    most = 0
    for seed in range(10):
        walls = [painted((grey,) * 3, 120, 160) for grey in (0, 255)]
        (dark, shown), (bright, same) = (
            raise_arm(rng(seed), blend(person, wall, alpha), alpha, painted(RED, 30, 40)) for wall in walls
        )
        np.testing.assert_array_equal(shown, same)
        hidden = 255 - (bright.astype(int) - dark)
        np.testing.assert_allclose(hidden, np.repeat(shown[..., np.newaxis], 3, axis=2), atol=4)
        most = max(most, np.count_nonzero((shown > 100) & (shown < 255) & (alpha == 100)))
    assert most > 5


def test_turned_pictures_have_no_empty_corners_and_alpha_turns_too():
    alpha = np.zeros((60, 90), np.uint8)
    alpha[:, 45:] = 255
    image = np.dstack([alpha, alpha, alpha])
    slopes = []
    for seed in range(10):
        turned, shown = camera.turn(rng(seed), image, alpha)
        np.testing.assert_array_equal(turned[..., 0], shown)
        assert not shown[:, 0].any() and (shown[:, -1] == 255).all()
        edge = (shown < 128).sum(axis=1)  # columns before the edge, in each row
        slopes.append(np.degrees(math.atan2(edge[45] - edge[15], 30)))
    assert max(np.abs(slopes)) < 22 and np.ptp(slopes) > 10


def test_of_tall_photos_the_upper_or_the_lower_part_is_seen():
    alpha = np.zeros((150, 90), np.uint8)
    alpha[10:140, 30:60] = 255
    tops = set()
    for seed in range(20):
        part = see_part(rng(seed), plain(RED, alpha)).alpha
        assert part.shape[1] == 90 and 75 <= len(part) <= 118
        at_top, at_bottom = (np.array_equal(part, each) for each in (alpha[: len(part)], alpha[-len(part) :]))
        assert at_top != at_bottom
        tops.add(at_top)
    assert tops == {False, True}
    wide = plain(RED, alpha[:100])
    assert see_part(rng(0), wide) is wide
