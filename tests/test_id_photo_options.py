"""The options of id_photo.py: what each of them asks for."""

from pathlib import Path

import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import id_photo
from src.id_photo.backdrops import parse_backdrop
from src.id_photo.sheet import find_layout
from src.id_photo.sizes import parse_size
from src.id_photo.wanted import Wanted, results_of
from src.inference.matting import SHIPPED_MODEL


@pytest.fixture
def asked(monkeypatch):
    """asked(arguments): what id_photo.py asks for with them: inputs, wishes, a loader and a folder."""
    calls = []
    monkeypatch.setattr(id_photo, "make_id_photos", lambda *arguments: calls.append(arguments))

    def run(*arguments: str) -> tuple:
        monkeypatch.setattr("sys.argv", ["id_photo.py", *arguments])
        assert id_photo.main() == 0
        return calls.pop()

    return run


def test_each_option_reaches_what_is_made(asked):
    flags = "--size one-inch,2x2in --dpi 400 --background blue:radial,transparent --format png --hd"
    flags += " --sheet 6-inch,a4 --gap 5 --pdf --min_kb 20 --max_kb 900 --face 2 --crop centre --force"
    inputs, wanted, _, output = asked("me.jpg", "photos", *flags.split(), "--overwrite", "--output", "out")
    assert (inputs, output) == (["me.jpg", "photos"], "out")
    assert wanted == Wanted(
        sizes=[parse_size("one-inch", 400), parse_size("2x2in", 400)],
        backdrops=[parse_backdrop("blue:radial"), parse_backdrop("transparent")],
        suffix=".png",
        hd=True,
        sheets=["6-inch", "a4"],
        sheet_suffix=".pdf",
        gap=5,
        least_kb=20,
        most_kb=900,
        face=2,
        centres=True,
        force=True,
        overwrite=True,
    )


def test_without_options_it_makes_one_photo_before_white_beside_the_snapshot(asked):
    inputs, wanted, _, output = asked("me.jpg")
    assert (inputs, output) == (["me.jpg"], None)
    assert wanted == Wanted([parse_size("one-inch")], [parse_backdrop("white")])


def test_the_crop_at_the_photos_resolution_is_one_file_more():
    wanted = Wanted([parse_size("one-inch")], [parse_backdrop("white")], hd=True)
    results = results_of(Path("me"), wanted)
    assert [each.kind for each in results] == ["", "hd"]
    assert [each.path.name for each in results] == ["me_one-inch_white.jpg", "me_one-inch_white_hd.jpg"]


def test_a_wider_gap_leaves_room_for_fewer_photos():
    size = parse_size("one-inch")
    assert find_layout("a4", size, gap=10).count < find_layout("a4", size).count


def test_the_face_model_is_what_finds_the_faces(asked, monkeypatch):
    monkeypatch.setattr(id_photo, "face_finder", lambda model: f"finder of {model}")
    monkeypatch.setattr(id_photo, "load_matting", lambda *arguments, **options: (arguments, options))
    _, _, load_studio, _ = asked("me.jpg", "--face_model", "yunet.onnx")
    assert load_studio().find_faces == "finder of yunet.onnx"
    _, _, load_studio, _ = asked("me.jpg", "--checkpoint", "own.ckpt", "--engine", "lite")
    assert load_studio().find_faces == "finder of None"
    assert load_studio().matting == ((Path("own.ckpt"),), {"engine": "lite"})
    assert asked("me.jpg")[2]().matting == ((SHIPPED_MODEL,), {"engine": "auto"})


def test_the_sizes_are_listed(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["id_photo.py", "--list"])
    assert id_photo.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert "one-inch         25x35 mm     295x413 px at 300 dpi" in lines[0]
    assert any(line.startswith("us-visa ") for line in lines)
    monkeypatch.setattr("sys.argv", ["id_photo.py", "--list", "--dpi", "600"])
    assert id_photo.main() == 0
    assert "one-inch         25x35 mm     591x827 px at 600 dpi" in capsys.readouterr().out
