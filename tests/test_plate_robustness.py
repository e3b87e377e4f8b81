"""Plates that do not fit: what is measured, and that users are told."""

import csv
import sys

import cv2
import numpy as np
import pytest

from scripts import measure_plates as command
from src.common.errors import UserError
from src.data.plate_pairs import find_plate_pairs
from src.description.model_info import ModelInfo, write_model_info
from src.evaluation.plate_changes import Change
from src.evaluation.plate_robustness import WAYS, measure_robustness, summarise
from src.images.files import write_image
from src.plates.displacement import displacement, lies_beside
from src.plates.matting import PlateMatting
from src.plates.preparation import PlatePreparation
from tests.test_plate_registration import HEIGHT, WIDTH, textured, with_person
from tests.test_plate_video import Difference

PERSON = with_person(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).any(axis=2)


def place(seed: int) -> np.ndarray:
    """With colours that 40 % more light leaves below white, and that differ from the person's by a fifth."""
    return (cv2.GaussianBlur(textured(seed), (3, 3), 0) * 0.3 + 120).astype(np.uint8)


def everything(photo: np.ndarray) -> np.ndarray:
    """A model without plate: all is a person."""
    return np.ones(photo.shape[:2], np.float32)


@pytest.fixture
def folder(tmp_path):
    """Two photos with their plates, and one without."""
    for name in ("a", "b"):
        plate = place(ord(name))
        write_image(tmp_path / "image" / f"{name}.png", with_person(plate))
        write_image(tmp_path / "background" / f"{name}.png", plate)
        write_image(tmp_path / "mask" / f"{name}.png", np.uint8(255) * PERSON)
    write_image(tmp_path / "image" / "c.png", place(0))
    return tmp_path


def test_errors_and_warnings_of_changed_plates(folder):
    pairs = find_plate_pairs(folder)
    assert [pair.name for pair in pairs] == ["a", "b"]
    changes = [Change("shift", 0), Change("shift", 10), Change("light", 30), Change("noise", 5)]
    outcomes = measure_robustness(PlateMatting(Difference()), everything, pairs, changes)
    rows = {(row.change, row.way): row for row in summarise(outcomes)}
    assert len(outcomes) == 2 * len(rows) == 2 * len(changes) * len(WAYS)
    without = (HEIGHT * WIDTH - PERSON.sum()) / 1000
    assert all(row.without == pytest.approx(without) for row in rows.values())
    unchanged, shifted, brighter, noisy = ({way: rows[change, way] for way in WAYS} for change in changes)
    assert [row.warned for row in unchanged.values()] == [0] * 4
    assert unchanged["as it is"].sad == pytest.approx(0, abs=0.5)
    assert shifted["as it is"].sad > 1 > shifted["--align"].sad
    assert shifted["as it is"].warned == 2 and shifted["as it is"].silently_worse == 0
    assert shifted["--align"].warned in (0, 2)  # where the moved plate does not reach
    assert brighter["as it is"].sad > 1 > brighter["--match-exposure"].sad
    assert brighter["as it is"].warned == 2 and brighter["--match-exposure"].warned == 0
    assert noisy["as it is"].warned == 0


def test_what_is_worse_than_without_plate_is_counted_unless_it_is_told(folder):
    """A model without plate that makes no error."""
    pairs = find_plate_pairs(folder)
    truth = {"a": PERSON.astype(np.float32)}
    outcomes = measure_robustness(
        PlateMatting(Difference()), lambda _: truth["a"], pairs, [Change("noise", 40), Change("shift", 30)]
    )
    rows = {(row.change.kind, row.way): row for row in summarise(outcomes)}
    assert rows["noise", "as it is"].silently_worse == 2
    assert rows["shift", "as it is"].silently_worse == 0


def test_users_are_told_of_a_photo_s_size_but_that_is_no_warning_of_its_plate(folder, capsys):
    class Small(Difference):
        def room(self, height, width):
            return height // 2, width // 2

    matting = PlateMatting(Small())
    outcomes = measure_robustness(matting, everything, find_plate_pairs(folder), [Change("shift", 0)])
    assert [each.remarks for each in outcomes] == [()] * len(outcomes)
    plate = place(1)
    capsys.readouterr()
    dark = (plate * 0.7).astype(np.uint8)
    PlatePreparation(matting).prepare_and_tell("me.jpg", with_person(plate), dark, "room.jpg")
    size, light = capsys.readouterr().out.splitlines()
    assert size.startswith("me.jpg: is larger") and light.startswith("me.jpg: room.jpg is 30% darker")


@pytest.mark.parametrize("angle", [0.3, 2, 4])
@pytest.mark.parametrize("pixels", [0, 1, 5, 30])
def test_a_plate_that_lies_beside_its_photo_is_noticed(pixels, angle):
    """Of photos with somebody in them; one pixel is tolerated."""
    large = cv2.GaussianBlur(textured(7, 2 * HEIGHT, 2 * WIDTH), (3, 3), 0)
    change = np.float32([[1, 0, np.cos(angle) * pixels - 200], [0, 1, np.sin(angle) * pixels - 150]])
    plate = cv2.warpAffine(large, change, (WIDTH, HEIGHT))
    photo = with_person(large[150 : 150 + HEIGHT, 200 : 200 + WIDTH])
    for light in (1, 0.7):
        dimmed = (plate * light).astype(np.uint8)
        assert displacement(photo, dimmed) == pytest.approx(pixels, abs=0.5)
        assert (lies_beside(photo, dimmed) > 0) == (pixels >= 5)


def test_a_moved_plate_of_which_little_is_seen_is_noticed():
    """A patterned crowd fills 0.7 of the photo: its correlation has a peak of 0.084 alone."""
    rng = np.random.default_rng(6)
    plate = cv2.resize(rng.integers(0, 256, (48, 64, 3), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
    photo = plate.copy()
    photo[79:, 52:587] = cv2.resize(rng.integers(0, 256, (30, 40, 3), np.uint8), (535, 401))
    assert lies_beside(photo, Change("shift", 30).apply(plate, 1)) == pytest.approx(30, abs=1)


def test_noise_on_plain_walls_is_no_movement():
    rng = np.random.default_rng(0)
    for _ in range(5):
        photo, plate = (rng.normal(150, 3, (HEIGHT, WIDTH, 3)).astype(np.uint8) for _ in range(2))
        assert displacement(with_person(photo), plate) == 0


def test_plain_walls_and_other_places_lie_nowhere():
    wall = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    for photo, plate in ((wall, wall), (with_person(wall), wall - 20), (place(1), place(2))):
        assert displacement(photo, plate) == 0


def test_light_and_place_are_told_apart():
    preparation = PlatePreparation(PlateMatting(Difference()))
    plate = place(1)
    told = {
        "darker": preparation.prepare(with_person(plate), (plate * 0.7).astype(np.uint8), "room.jpg")[1],
        "another place": preparation.prepare(with_person(plate), 255 - textured(5), "room.jpg")[1],
    }
    for words, remarks in told.items():
        (remark,) = remarks
        assert words in remark and "room.jpg" in remark
    assert "30%" in told["darker"][0] and "--match-exposure" in told["darker"][0]


def test_a_plate_whose_light_cannot_be_matched_is_still_told_of():
    """So bright that the first matte shows a person everywhere, and nothing outside to match."""
    preparation = PlatePreparation(PlateMatting(Difference()), match_exposure=True)
    bright = Change("light", 40).apply(place(1), 0)
    plate, remarks = preparation.prepare(with_person(place(1)), bright, "room.jpg")
    np.testing.assert_array_equal(plate, bright)
    (remark,) = remarks
    assert "room.jpg is 4" in remark and "brighter" in remark and "--match-exposure" not in remark


def test_the_command(folder, tmp_path, monkeypatch, capsys):
    model = tmp_path / "model.ckpt"
    model.touch()
    write_model_info(model, ModelInfo(system="background_matting"))
    monkeypatch.setattr(command, "open_plate_engine", lambda *_, **__: Difference())
    monkeypatch.setattr(command, "load_matting", lambda *_: everything)
    arguments = [folder, "--checkpoint", model, "--count", 1, "--output", tmp_path / "out"]
    monkeypatch.setattr(sys, "argv", ["measure_plates.py", *map(str, arguments)])
    command.main()
    said = capsys.readouterr().out
    assert "| 30 pixels | as it is |" in said and "lies N pixels beside" in said
    with (tmp_path / "out" / "robustness.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10 * len(WAYS) and {row["photo"] for row in rows} == {"a"}
    assert (tmp_path / "out" / "robustness.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_without_pairs(tmp_path):
    with pytest.raises(UserError, match=rf"{tmp_path}: .*plate/<name>"):
        find_plate_pairs(tmp_path)
