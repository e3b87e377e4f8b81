"""Names in data sets: blanks, bytes that are no text, hidden files, and files that cannot be used."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from src.composite_data import main, make_composites
from src.data.people import find_people, find_set, read_ids
from src.data.split_files import SplitFiles
from src.deployment.prepare import prepare
from src.description.model_info import ModelInfo
from src.generation.generator import generate_datasets
from src.generation.pairing import find_pairs
from src.images.files import read_gray, read_image, write_image
from src.training.resume_check import mark_of
from tests.matting_source import make_config, write_pair, write_source
from tests.small_dataset import make_person, write_dataset

SIZE = (48, 64)


def write_person(folder: Path, name: str, suffix: str = ".jpg") -> None:
    photo, alpha = make_person((1,), 40, 30)
    write_image(folder / "image" / f"{name}{suffix}", photo)
    write_image(folder / "alpha" / f"{name}.png", alpha)


@pytest.fixture
def people(tmp_path) -> Path:
    write_person(tmp_path / "people", "a")
    write_image(tmp_path / "backgrounds" / "sea.jpg", np.full((50, 60, 3), (200, 90, 20), np.uint8))
    return tmp_path / "people"


def test_groups_and_photos_keep_the_blanks_of_their_names(tmp_path):
    names = [
        write_pair(tmp_path / "source", group, n) for n, group in enumerate((" lead", "trail ", "\u3000"))
    ]
    generate_datasets(make_config(tmp_path, proportion="1:0:0"), seed=1)
    files = SplitFiles(tmp_path / "datasets", "train")
    assert files.names == sorted(names)
    for sample in files.samples():
        image, alpha = sample.read()
        assert image.shape[:2] == alpha.shape == (40, 30)


def test_a_list_of_people_keeps_blanks_and_loses_ends_of_lines_only(tmp_path):
    (tmp_path / "list.txt").write_bytes("\ufeff lead\r\ntrail \n \na\x85\u2028\n".encode())
    assert read_ids(tmp_path / "list.txt") == {" lead", "trail ", "a\x85\u2028"}


def test_hidden_files_are_no_people_and_no_backgrounds(people, monkeypatch, capsys):
    for path in (
        people / "image" / "a.jpg",
        people / "alpha" / "a.png",
        people.parent / "backgrounds" / "sea.jpg",
    ):
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7 notes of macOS")
    cutouts = people.parent / "cutouts"
    write_image(cutouts / "b.png", np.dstack(make_person((2,), 40, 30)))
    (cutouts / "._b.png").write_bytes(b"\0\5\x16\7")
    said = []
    assert [each.name for each in find_people([people, cutouts], said.append)] == ["people_a", "cutouts_b"]
    folders = ["--people", str(people), "--backgrounds", str(people.parent / "backgrounds")]
    options = ["--count", "2", "--size", "64x48", "--workers", "1", "--keep", "0"]
    monkeypatch.setattr("sys.argv", ["composite_data.py", str(people.parent / "out"), *folders, *options])
    assert main() == 0
    assert said == [] and "left out" not in capsys.readouterr().out


def test_one_person_that_cannot_be_used_leaves_the_others(people, monkeypatch, capsys):
    write_person(people, "b", ".webp")
    write_person(people, "c", ".jpg")
    write_person(people, "c", ".png")
    write_person(people, "d")
    (people / "alpha" / "d.png").unlink()
    os.mkfifo(people / "image" / "pipe.jpg")
    (people / "list.txt").write_text("a\n")
    folders = ["--people", str(people), "--backgrounds", str(people.parent / "backgrounds")]
    options = ["--count", "3", "--size", "64x48", "--workers", "1"]
    monkeypatch.setattr("sys.argv", ["composite_data.py", str(people.parent / "out"), *folders, *options])
    assert main() == 3
    left_out = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out: ")]
    assert {line.split(": ")[1] for line in left_out} == {
        str(people / "image" / name) for name in ("c.png", "d.jpg", "pipe.jpg")
    }
    made = {path.name for path in (people.parent / "out" / "clip_img").iterdir()}
    assert made == {"people_a", "people_b", "people_c"}


def test_pictures_of_people_whose_names_are_no_text_or_too_long(people):
    odd = os.fsdecode(b"o\xe9")
    write_person(people, odd)
    write_person(people, "x" * 245)
    problems = make_composites(
        people.parent / "out", find_people([people]), [people.parent / "backgrounds"], 3, size=SIZE, workers=1
    )
    (problem,) = problems
    assert f"people_{'x' * 245}" in problem and "too long" in problem
    again = make_composites(
        people.parent / "out", find_people([people]), [people.parent / "backgrounds"], 3, size=SIZE, workers=1
    )
    assert len(again) == 1 and "x" * 245 in again[0]
    photo = people.parent / "out" / "clip_img" / f"people_{odd}" / "clip_00000000" / f"people_{odd}-00000.jpg"
    assert read_image(photo).shape == (*SIZE, 3)


def test_people_of_the_current_folder_have_its_name(tmp_path, monkeypatch):
    photo, alpha = make_person((1,), 40, 30)
    write_image(tmp_path / "cutouts" / "deep" / "a.png", np.dstack([photo, alpha]))
    monkeypatch.chdir(tmp_path / "cutouts")
    (person,) = find_people(["."])
    assert (person.name, find_set(person)) == ("cutouts_deep_a", "cutouts")


def test_lists_of_samples_whose_names_are_no_text_are_compared(tmp_path):
    assert mark_of(["a", os.fsdecode(b"o\xe9")]) != mark_of(["a", os.fsdecode(b"o\xe8")])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_group_without_permission_is_left_out_by_name(tmp_path, monkeypatch):
    with tempfile.TemporaryDirectory() as name:
        source = Path(name)
        source.chmod(0o755)
        lines = write_source(source, {"open": 2, "shut": 2})
        (source / "clip_img" / "shut").chmod(0)
        os.seteuid(65534)
        try:
            pairs, skipped = find_pairs(source, ())
        finally:
            os.seteuid(0)
        assert [pair.matting for pair in pairs] == [line for line in lines if line.startswith("open/")]
        assert {each.file: each.reason for each in skipped}["clip_img/shut"].startswith("cannot be read")
        monkeypatch.setattr("src.generation.generator.find_pairs", lambda *_: (pairs, skipped))
        assert generate_datasets(make_config(tmp_path, path_mt_human=name, proportion="1:0:0"), seed=1) == 1


def test_a_name_too_long_for_the_runner_is_left_out(tmp_path):
    write_dataset(tmp_path, {"test": 2})
    files = SplitFiles(tmp_path, "test")
    long = "x" * 245
    for path in (files.photo(1), files.alpha(1)):
        shutil.move(path, path.with_name(f"{long}{path.suffix}"))
    listed = tmp_path / "test" / "test.txt"
    listed.write_text(listed.read_text().replace(Path(files.names[1]).stem, long))
    (reason,) = prepare(SplitFiles(tmp_path, "test"), tmp_path / "in", ModelInfo(size=32))
    assert long in reason and "too long" in reason
    assert len(list((tmp_path / "in" / "img_data").iterdir())) == 1


def test_a_photo_of_a_data_set_with_alpha_is_seen_over_a_plain_colour(tmp_path):
    """As predict.py shows it to the network; a cutout of a person keeps its colours."""
    photo, alpha = make_person((1,), 40, 30)
    hidden = np.where(alpha[..., np.newaxis] > 0, photo, np.uint8([7, 199, 31]))
    write_image(tmp_path / "set" / "image" / "a.png", np.dstack([hidden, alpha]))
    write_image(tmp_path / "set" / "alpha" / "a.png", alpha)
    write_image(tmp_path / "cutouts" / "b.png", np.dstack([hidden, alpha]))
    (pair,), (cutout,) = find_people([tmp_path / "set"]), find_people([tmp_path / "cutouts"])
    assert (pair.read()[0][alpha == 0] == 255).all()
    np.testing.assert_array_equal(pair.read()[0][alpha == 255], photo[alpha == 255])
    np.testing.assert_array_equal(cutout.read()[0], hidden)
    np.testing.assert_array_equal(cutout.read()[1], read_gray(pair.alpha))
