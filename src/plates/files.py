"""Finds the plate of a photo, the same place without the person, by its name."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from src.common.errors import UserError
from src.common.folder_search import walk
from src.common.temporary_database import TemporaryDatabase
from src.images.files import ImageError
from src.images.suffixes import PHOTO_SUFFIXES

_START = re.compile(r"first:(\d+(?:\.\d+)?)s")

_TABLES = """
CREATE TABLE plate (name BLOB PRIMARY KEY, path BLOB) WITHOUT ROWID;  -- path in the folder, without suffix
CREATE TABLE real (path BLOB PRIMARY KEY) WITHOUT ROWID;  -- the same files, whatever way leads there
"""
_ADD = "INSERT INTO plate VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET path = max(path, excluded.path)"


def first_seconds(place: str | Path) -> float | None:
    """How many seconds of a video show the empty place, of 'first:2s'; None: plates are files."""
    starts = _START.fullmatch(str(place))
    return float(starts[1]) if starts else None


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
        self.seconds = first_seconds(place)
        if self.seconds is not None:
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
