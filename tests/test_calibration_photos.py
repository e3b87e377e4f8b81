"""The photos that a converted encoder is calibrated on: which are read, and what is said of others."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from src.common.errors import UserError
from src.conversion.photos import MOST_PHOTOS, read_photos
from src.description.model_info import ModelInfo

MEAN = ModelInfo().mean


def write_photos(folder: Path, count: int) -> Path:
    for number in range(count):
        path = folder / f"{number % 3}" / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((20, 30, 3), number, np.uint8))
    return folder


def shown(images: np.ndarray) -> list[int]:
    """The numbers of the photos of `write_photos` with mean 0."""
    return [round(value * 255) for value in images[:, 0, 0, 0]]


def test_photos_are_evenly_spread_over_the_sorted_files(tmp_path):
    write_photos(tmp_path, 100)
    images, problems = read_photos(tmp_path, size=32, mean=(0, 0, 0))
    assert images.shape == (MOST_PHOTOS, 3, 32, 32) and images.dtype == np.float32 and problems == []
    in_order = [*range(0, 100, 3), *range(1, 100, 3), *range(2, 100, 3)]
    places = [in_order.index(number) for number in shown(images)]
    assert places[0] == 0 and places[-1] == 99
    assert set(np.diff(places)) <= {6, 7}


def test_few_photos_are_all_read_but_what_is_hidden_or_unreadable(tmp_path):
    write_photos(tmp_path, 5)
    (tmp_path / ".hidden.jpg").write_text("hidden")
    (tmp_path / "notes.txt").write_text("no photo")
    (tmp_path / "broken.JPG").write_text("no photo either")
    images, problems = read_photos(tmp_path, size=16, mean=(0, 0, 0))
    assert sorted(shown(images)) == [0, 1, 2, 3, 4]
    assert len(problems) == 1 and problems[0].startswith(str(tmp_path / "broken.JPG"))


def test_folders_without_photos_are_named(tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "one.jpg").write_text("no photo")
    for name, part in (("absent", "no such folder"), ("none", "holds no photo"), ("broken", "one.jpg")):
        with pytest.raises(UserError) as error:
            read_photos(tmp_path / name, size=16, mean=MEAN)
        assert str(error.value).startswith(f"{tmp_path / name}: ") and part in str(error.value)
