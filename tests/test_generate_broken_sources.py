"""Source files of every broken or unusual kind: used right, or skipped with a reason."""

import csv
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from src.common.errors import UserError
from src.generate_datasets import generate_datasets
from src.generation.splits import SPLITS
from src.images.files import read_image
from tests.matting_source import (
    make_alpha,
    make_config,
    make_photo,
    matting_path,
    photo_path,
    read_list,
    state,
    write_file,
    write_pair,
    write_source,
)

GROUP = "1803151818"


@pytest.fixture
def source(tmp_path):
    write_source(tmp_path / "source", {GROUP: 3})
    return tmp_path / "source"


def generate(source: Path, **changes) -> tuple[dict[str, str], list[str]]:
    """What was skipped, with the reasons, and the lines of all lists."""
    folder = source.parent
    before = state(source)
    generate_datasets(make_config(folder, **{"proportion": "1:0:0", **changes}), seed=1)
    assert state(source) == before
    with (folder / "datasets" / "skipped.csv").open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    skipped = {row["file"]: row["reason"] for row in rows}
    assert len(skipped) == len(rows)
    return skipped, [line for split in SPLITS for line in read_list(folder / "datasets", split)]


def replaced(source: Path, photo: np.ndarray | bytes | None, matting: np.ndarray | bytes | None) -> str:
    """Replace the photo, the matting or both of one more pair; returns its line."""
    line = write_pair(source, GROUP, 99)
    if photo is not None:
        write_file(photo_path(source, GROUP, f"{GROUP}-00000099.jpg"), photo)
    if matting is not None:
        write_file(matting_path(source, GROUP, f"{GROUP}-00000099.png"), matting)
    return line


PHOTO_99 = f"clip_img/{GROUP}/clip_00000000/{GROUP}-00000099.jpg"
MATTING_99 = f"matting/{GROUP}/matting_00000000/{GROUP}-00000099.png"


def encoded(image: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


JPEG = encoded(make_photo(99), ".jpg")
PNG = encoded(np.dstack([make_photo(99), make_alpha(99)]), ".png")


@pytest.mark.parametrize(
    ("photo", "matting", "file", "reason"),
    [
        (b"", None, PHOTO_99, "cannot be read as an image"),
        (b"no image at all", None, PHOTO_99, "cannot be read as an image"),
        (JPEG[: len(JPEG) // 2], None, PHOTO_99, "cannot be read as an image"),
        (JPEG[:20], None, PHOTO_99, "cannot be read as an image"),
        (None, b"", MATTING_99, "cannot be read as an image"),
        (None, PNG[: len(PNG) // 2], MATTING_99, "cannot be read as an image"),
        (None, PNG[:-40], MATTING_99, "cannot be read as an image"),
        (None, PNG[:200] + bytes(100) + PNG[300:], MATTING_99, "cannot be read as an image"),
        (make_photo(99, 20, 30), None, PHOTO_99, "is 30x20 pixels, but its matting is 30x40"),
        (None, make_photo(99), MATTING_99, "has no alpha channel (mode RGB)"),
        (None, make_alpha(99), MATTING_99, "has no alpha channel (mode L)"),
        (None, JPEG, MATTING_99, "has no alpha channel (mode RGB)"),
    ],
)
def test_unusable_pairs_are_skipped_with_the_reason(source, photo, matting, file, reason):
    line = replaced(source, photo, matting)
    skipped, lines = generate(source)
    assert list(skipped) == [file]
    assert skipped[file].startswith(reason)
    assert str(source) not in skipped[file].removeprefix(reason).split(":")[0]
    assert len(lines) == 3
    assert line not in lines
    assert not list((source.parent / "datasets" / "train").rglob("*00000099*"))


def test_an_enormous_image_is_skipped(source):
    """A few bytes that claim to be 60000x60000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 6, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    replaced(source, None, bomb)
    skipped, _ = generate(source)
    assert list(skipped) == [MATTING_99]


def test_a_directory_or_broken_link_in_place_of_an_image(source):
    (source / PHOTO_99).mkdir()
    matting = source / MATTING_99
    matting.symlink_to("nowhere.png")
    skipped, lines = generate(source)
    assert set(skipped) == {PHOTO_99, MATTING_99}
    assert len(lines) == 3


@pytest.mark.parametrize(
    "photo",
    [
        encoded(make_photo(99)[..., 0], ".jpg"),
        encoded(make_photo(99).astype(np.uint16) * 257, ".png"),
        encoded(make_photo(99)[..., 0].astype(np.uint16) * 257, ".png"),
        encoded(np.dstack([make_photo(99), make_alpha(99)]), ".png"),
    ],
    ids=["grey", "16 bit", "16 bit grey", "with alpha"],
)
def test_unusual_photos_are_used(source, photo):
    """The content decides, not the suffix."""
    line = replaced(source, photo, None)
    skipped, lines = generate(source)
    assert not skipped
    assert line in lines


def test_cmyk_photo_is_used(source):
    line = replaced(source, None, None)
    Image.fromarray(make_photo(99)[..., ::-1]).convert("CMYK").save(source / PHOTO_99, "JPEG")
    skipped, lines = generate(source)
    assert not skipped
    assert line in lines


def test_sixteen_bit_matting_is_used(source):
    rgba = np.dstack([make_photo(99), make_alpha(99)]).astype(np.uint16) * 257
    line = replaced(source, None, encoded(rgba, ".png"))
    generate(source)
    mask = cv2.imread(str(source.parent / "datasets/train/mask" / line), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(mask, make_alpha(99))


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_turned_photos_are_compared_as_displayed(source, orientation):
    line = replaced(source, None, None)
    upright = Image.fromarray(make_photo(99)[..., ::-1])
    exif = Image.Exif()
    exif[0x0112] = orientation
    turn_back = {3: 180, 6: 90, 8: 270}[orientation]
    upright.rotate(turn_back, expand=True).save(source / PHOTO_99, quality=95, exif=exif)
    difference = read_image(source / PHOTO_99).astype(int) - make_photo(99)
    assert abs(difference).mean() < 3
    skipped, lines = generate(source)
    assert not skipped
    assert line in lines


def test_one_pixel(source):
    line = replaced(source, make_photo(99, 1, 1), np.full((1, 1, 4), 255, np.uint8))
    skipped, lines = generate(source)
    assert not skipped
    assert line in lines
    assert cv2.imread(str(source.parent / "datasets/train/trimap" / line), cv2.IMREAD_UNCHANGED) == 255


def test_very_large_image(tmp_path, capsys):
    """18 million pixels, mostly of one value: even their plain sum goes beyond 32 bits."""
    height, width = 3600, 5000
    photo = np.full((height, width, 3), 255, np.uint8)
    matting = np.zeros((height, width, 4), np.uint8)
    matting[: height // 2] = 255
    write_file(photo_path(tmp_path / "source", "a", "a.jpg"), photo)
    write_file(matting_path(tmp_path / "source", "a", "a.png"), matting)
    skipped, lines = generate(tmp_path / "source", generate_debug=False)
    assert (skipped, len(lines)) == ({}, 1)
    out = capsys.readouterr().out
    assert "mean_clip:  [1.00000, 1.00000, 1.00000] [255, 255, 255]" in out
    assert "std_clip:  [0.00000, 0.00000, 0.00000] [0, 0, 0]" in out
    trimap = cv2.imread(str(tmp_path / "datasets/train/trimap" / lines[0]), cv2.IMREAD_UNCHANGED)
    assert f"mean_trimap:  [{trimap.mean() / 255:.5f}" in out
    assert f"std_trimap:  [{trimap.std() / 255:.5f}" in out


def test_stray_files_do_not_shift_the_pairs(source):
    """Sorted lists, zipped, would go out of step at the first of these."""
    strays = [
        f"clip_img/{GROUP}/clip_00000000/._{GROUP}-00000000.jpg",
        f"clip_img/{GROUP}/clip_00000000/.DS_Store",
        f"clip_img/{GROUP}/clip_00000000/Thumbs.db",
        f"clip_img/{GROUP}/clip_00000000/0-unpaired.jpg",
        f"clip_img/{GROUP}/readme.txt",
        "clip_img/notes.txt",
        f"matting/{GROUP}/matting_00000001/0-other.png",
        f"matting/{GROUP}/._matting_00000000",
    ]
    for stray in strays[:-1]:
        write_file(source / stray, JPEG if stray.endswith("jpg") else b"stray")
    (source / strays[-1]).mkdir()
    (source / "matting" / GROUP / "other").mkdir()
    skipped, lines = generate(source)
    assert set(skipped) == {*strays, f"matting/{GROUP}/other"}
    assert skipped[strays[3]] == "has no matting of the same name"
    assert skipped[strays[6]] == "has no photo of the same name"
    assert len(lines) == 3
    for line in lines:
        photo = line.replace("matting_", "clip_").replace(".png", ".jpg")
        used = source.parent / "datasets" / "train" / "clip_img" / photo
        assert used.samefile(source / "clip_img" / photo)


def test_same_name_in_another_sub_folder_is_no_partner(source):
    write_file(photo_path(source, GROUP, "x.jpg", "00000000"), JPEG)
    write_file(matting_path(source, GROUP, "x.png", "00000001"), PNG)
    skipped, lines = generate(source)
    assert set(skipped) == {
        f"clip_img/{GROUP}/clip_00000000/x.jpg",
        f"matting/{GROUP}/matting_00000001/x.png",
    }
    assert len(lines) == 3


@pytest.mark.parametrize("name", ["x.jpeg", "x.JPG", "x.png", "x.Jpeg"])
def test_photos_of_other_suffixes_keep_their_name(source, name):
    write_file(photo_path(source, GROUP, name), encoded(make_photo(99), Path(name).suffix.lower()))
    write_file(matting_path(source, GROUP, "x.png"), PNG)
    skipped, lines = generate(source)
    assert not skipped
    assert f"{GROUP}/matting_00000000/x.png" in lines
    assert (source.parent / "datasets/train/clip_img" / GROUP / "clip_00000000" / name).is_file()


def test_two_photos_of_one_name_are_both_skipped(source):
    for name in ("x.jpg", "x.png"):
        write_file(photo_path(source, GROUP, name), JPEG)
    write_file(matting_path(source, GROUP, "x.png"), PNG)
    skipped, lines = generate(source)
    assert skipped == {
        f"clip_img/{GROUP}/clip_00000000/x.jpg": "has the same name as x.png; keep one of them",
        f"clip_img/{GROUP}/clip_00000000/x.png": "has the same name as x.jpg; keep one of them",
        f"matting/{GROUP}/matting_00000000/x.png": "has 2 files for its photo; keep one of them",
    }
    assert len(lines) == 3


@pytest.mark.parametrize("relative", [False, True])
def test_files_on_the_error_list_are_skipped_and_kept(source, relative, monkeypatch):
    replaced(source, None, None)
    monkeypatch.chdir(source.parent)
    listed = Path("source/../source", PHOTO_99) if relative else source / PHOTO_99
    skipped, lines = generate(source, list_error_files=(str(listed), str(source / "missing.jpg")))
    assert skipped == {PHOTO_99: "in list_error_files", MATTING_99: "has no photo of the same name"}
    assert len(lines) == 3
    assert (source / PHOTO_99).is_file()


def test_a_folder_on_the_error_list_is_skipped(source):
    folder = source / "matting" / GROUP / "matting_00000001"
    skipped, lines = generate(source, list_error_files=(str(folder),))
    assert skipped[f"matting/{GROUP}/matting_00000001"] == "in list_error_files"
    assert len(lines) == 2


@pytest.mark.parametrize("name", [b"bad\xff.jpg", b"line\nbreak.jpg"])
def test_names_that_no_list_can_hold_are_skipped(source, name):
    path = os.fsencode(source / "clip_img" / GROUP / "clip_00000000") + b"/" + name
    with open(path, "wb") as file:  # noqa: PTH123 - a name that is no text
        file.write(JPEG)
    skipped, lines = generate(source)
    (reason,) = skipped.values()
    assert "not UTF-8 or contains a line break" in reason
    assert len(lines) == 3


def test_skipped_pairs_leave_no_gap_between_the_lists(tmp_path):
    """Broken images drop out of their split; all others stay where they are."""
    write_source(tmp_path / "source", {f"g{number}": 4 for number in range(5)})
    broken = matting_path(tmp_path / "source", "g2", "g2-00000001.png", "00000001")
    broken.write_bytes(b"")
    skipped, lines = generate(tmp_path / "source", proportion="6:2:2")
    assert len(skipped) == 1
    assert len(lines) == len(set(lines)) == 19


def test_how_many_are_skipped_is_said(source, capsys):
    replaced(source, b"", None)
    generate(source)
    assert "Skipped: 1 files" in capsys.readouterr().out


def test_no_usable_image_in_a_split_is_an_error(tmp_path):
    write_source(tmp_path / "source", {"a": 1, "b": 1, "c": 1})
    for matting in (tmp_path / "source" / "matting").rglob("*.png"):
        matting.write_bytes(b"")
    with pytest.raises(UserError, match="no image of the split train can be used"):
        generate_datasets(make_config(tmp_path), seed=1)
    assert (tmp_path / "datasets" / "skipped.csv").read_text().count("\n") == 4


def test_no_pair_at_all_tells_of_the_first_file(tmp_path):
    write_file(photo_path(tmp_path / "source", "a", "a.jpg"), JPEG)
    write_file(matting_path(tmp_path / "source", "a", "b.png"), PNG)
    with pytest.raises(UserError, match=r"2 files .* clip_img/a/clip_00000000/a.jpg: has no matting"):
        generate_datasets(make_config(tmp_path), seed=1)
