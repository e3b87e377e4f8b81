"""The plate of a photo: the same place without the person. It is found by name, and made to fit the photo."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from src.common.errors import UserError
from src.common.folder_search import walk
from src.common.temporary_database import TemporaryDatabase
from src.data.pairs import size_text
from src.images.files import ImageError
from src.images.suffixes import PHOTO_SUFFIXES

_START = re.compile(r"first:(\d+(?:\.\d+)?)s")
_LARGEST_STRETCH = 0.01  # of the aspect ratio
_GLANCE = 96  # side of the small copies that are compared
_BORDER = 6  # pixels of them
_DARKEST, _BRIGHTEST = 8 / 255, 247 / 255  # between which values tell the light
_MOST_UNLIKE = 30 / 255  # median difference along the border; of true plates at most 10

_TABLES = """
CREATE TABLE plate (name BLOB PRIMARY KEY, path BLOB) WITHOUT ROWID;  -- path in the folder, without suffix
CREATE TABLE real (path BLOB PRIMARY KEY) WITHOUT ROWID;  -- the same files, whatever way leads there
"""
_ADD = "INSERT INTO plate VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET path = max(path, excluded.path)"


class Plates:
    """Finds the plate of each photo.

    Args:
        place: one plate for all photos and videos, or a folder of plates named like them; or 'first:2s', for
            videos whose first 2 seconds show the empty place.
        inputs: the photos, and folders of photos; below a folder, a plate has the path of its photo there.

    Raises:
        UserError: there is no such file or folder.

    Attributes:
        seconds: that show the empty place, of videos; None: plates are files.
    """

    def __init__(self, place: str | Path, inputs: Iterable[str | Path]):
        self._place, self._folders = Path(place), [path for path in map(Path, inputs) if path.is_dir()]
        self._is_folder = self._place.is_dir()
        self._database = TemporaryDatabase(_TABLES)  # since there may be a million plates
        starts = _START.fullmatch(str(place))
        self.seconds = float(starts[1]) if starts else None
        if starts:
            return
        if self._is_folder:
            for path, problem in walk(self._place):
                if not problem and path.suffix.lower() in PHOTO_SUFFIXES:
                    name = path.relative_to(self._place).with_suffix("")
                    self._database.run(_ADD, (os.fsencode(name), os.fsencode(path)))
                    self._note(path)
        elif not self._place.exists():
            raise UserError(f"{place}: no such plate; name a photo of the place without the person")
        else:
            self._note(self._place)

    def of(self, photo: Path) -> Path:
        """The file of a photo's plate.

        Raises:
            ImageError: there is none.
        """
        if self.seconds is not None:
            raise ImageError(f"{photo}: has no first seconds: for photos, --plate is a photo")
        if not self._is_folder:
            return self._place
        folder = next((each for each in self._folders if photo.is_relative_to(each)), photo.parent)
        name = os.fsencode(photo.relative_to(folder).with_suffix(""))
        for (path,) in self._database.rows("SELECT path FROM plate WHERE name = ?", (name,)):
            return Path(os.fsdecode(path))
        raise ImageError(f"{photo}: {self._place} holds no plate of this name")

    def holds(self, photo: Path) -> bool:
        """Whether a file is itself a plate."""
        real = os.fsencode(photo.resolve())
        return any(self._database.rows("SELECT 1 FROM real WHERE path = ?", (real,)))

    def _note(self, plate: Path) -> None:
        self._database.run("INSERT OR IGNORE INTO real VALUES (?)", (os.fsencode(plate.resolve()),))


def fit_plate(photo: np.ndarray, plate: np.ndarray, file: Path | str) -> np.ndarray:
    """Resize a plate to its photo's size; both are (H, W, 3) uint8.

    Args:
        photo: the photo.
        plate: its plate.
        file: of the plate, for messages.

    Raises:
        ImageError: the two differ in shape by more than 1%, or one of them is turned.
    """
    (height, width), own = photo.shape[:2], plate.shape[:2]
    if own == (height, width):
        return plate

    def fits(height: int, width: int) -> bool:
        return abs(own[1] * height / (own[0] * width) - 1) <= _LARGEST_STRETCH

    if not fits(height, width):
        why = "one of them is turned" if fits(width, height) else "a plate has the shape of its photo"
        raise ImageError(
            f"{file}: the plate is {size_text(plate)}, but the photo is {size_text(photo)}: {why}; take both "
            "with the same camera, held alike"
        )
    method = cv2.INTER_AREA if own[0] > height else cv2.INTER_LINEAR
    return cv2.resize(plate, (width, height), interpolation=method)


def is_unlike(photo: np.ndarray, plate: np.ndarray, light: float = 1.0) -> bool:
    """Whether a plate (H, W, 3) uint8 differs from its photo even where a person seldom is.

    That is along the upper border and the upper halves of the sides.

    Args:
        photo: the photo.
        plate: its plate.
        light: by which the plate's colours are divided before.
    """
    difference = np.abs(_border(photo) - np.minimum(1, _border(plate) / light)).mean(1)
    return float(np.median(difference)) > _MOST_UNLIKE


def relative_light(photo: np.ndarray, plate: np.ndarray) -> float:
    """How bright a plate is, compared with its photo, in the same places; 1 where they do not tell."""
    one, other = _border(photo), _border(plate)
    tells = (np.minimum(one, other) > _DARKEST) & (np.maximum(one, other) < _BRIGHTEST)
    return float(np.median(other[tells] / one[tells])) if tells.any() else 1.0


def _border(image: np.ndarray) -> np.ndarray:
    """Pixels (P, 3) in [0, 1]."""
    small = cv2.resize(image, (_GLANCE, _GLANCE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    half = _GLANCE // 2
    parts = small[:_BORDER], small[_BORDER:half, :_BORDER], small[_BORDER:half, -_BORDER:]
    return np.concatenate([part.reshape(-1, 3) for part in parts])
