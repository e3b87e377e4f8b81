"""The files of one split of Background Matting V2: people with alpha, and plates to put them on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src.common.errors import UserError
from src.common.folder_search import search
from src.common.progress import say
from src.data.pairs import PhotoWithAlpha
from src.images.suffixes import PHOTO_SUFFIXES

_FOLDERS = {"train": "train", "eval": "valid"}
_PLATES = "backgrounds"
_ALPHAS = ("alpha", "mask")
_VALIDATED = 50  # people at most


class PlateFiles:
    """The people and plates of a split; files without counterpart are named and left out.

    DIR/train, DIR/valid                          people, in one of three forms, at any depth:
        fgr/ and pha/                             their own colours, and their alphas
        image/ and alpha/ (or mask/)              photos, and their alphas
        RGBA files (.png)                         their own colours with alpha
    DIR/backgrounds/train, DIR/backgrounds/valid  plates: photos of places without people

    Colours and alpha have the same path, but for the suffix. At most 50 people are validated, evenly spread.

    Args:
        folder: DIR.
        split: 'train' or 'eval'.

    Attributes:
        names: of the people.
        people: their files.
        are_photos: whether the background shows through their rims.
        plates: sorted.
        listed: what a resumed run must find unchanged.
        folder: of the split's people.

    Raises:
        UserError: there are no people, or no plates.
    """

    def __init__(self, folder: str | Path, split: str):
        self.folder = Path(folder, _FOLDERS[split])
        self.people, self.are_photos = find_plate_people(self.folder)
        plates = Path(folder, _PLATES, self.folder.name)
        self.plates = find_plates(plates)
        if split == "eval":
            spread = np.linspace(0, len(self.people) - 1, _VALIDATED).astype(int)
            self.people = [self.people[index] for index in np.unique(spread)]
        self.names = [each.name for each in self.people]
        self.listed = [*self.names, *(path.relative_to(plates).as_posix() for path in self.plates)]

    def __len__(self) -> int:
        return len(self.people)


def find_plate_people(folder: Path) -> tuple[list[PhotoWithAlpha], bool]:
    """The people of a folder in one of the forms of `PlateFiles`, and whether they are photos.

    Raises:
        UserError: there are none.
    """
    are_photos = False
    if (folder / "fgr").is_dir():
        people = _pairs(folder / "fgr", folder / "pha")
    elif (folder / "image").is_dir():
        are_photos = True
        alphas = (folder / name for name in _ALPHAS)
        people = _pairs(folder / "image", next(filter(Path.is_dir, alphas), folder / _ALPHAS[0]))
    else:
        people = [PhotoWithAlpha(name, path, None) for name, path in by_name(folder, (".png",)).items()]
    if not people:
        raise UserError(
            f"{folder}: holds no people: neither fgr/ with pha/, image/ with alpha/ (or mask/), nor RGBA "
            "files (.png)"
        )
    return people, are_photos


def find_plates(folder: Path) -> list[Path]:
    """The plates in a folder, sorted.

    Raises:
        UserError: there are none.
    """
    plates = find_files(folder)
    if not plates:
        raise UserError(f"{folder}: holds no plates; put photos of places without people there")
    return plates


def _pairs(colours: Path, alphas: Path) -> list[PhotoWithAlpha]:
    files, alpha_of = by_name(colours), by_name(alphas)
    for name in sorted(files.keys() ^ alpha_of.keys()):
        file, other = (files[name], alphas) if name in files else (alpha_of[name], colours)
        say(f"left out: {file}: there is no {other / name}.*")
    names = sorted(files.keys() & alpha_of.keys())
    return [PhotoWithAlpha(name, files[name], alpha_of[name]) for name in names]


def by_name(folder: Path, suffixes: Sequence[str] = PHOTO_SUFFIXES) -> dict[str, Path]:
    """The pictures in a folder by their paths in it, without suffix; of equal names, the first counts."""
    files: dict[str, Path] = {}
    for path in find_files(folder, suffixes):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in files:
            say(f"left out: {path}: has the same name as {files[name]}")
        else:
            files[name] = path
    return files


def find_files(folder: Path, suffixes: Sequence[str] = PHOTO_SUFFIXES) -> list[Path]:
    """The files of some suffixes in a folder, at any depth, sorted; what is left out is said."""
    found = search(folder, suffixes)
    others = [path for path in found.others if path.suffix.lower() in PHOTO_SUFFIXES]
    for problem in [*found.problems, *(f"{path}: is no {' or '.join(suffixes)} file" for path in others)]:
        say(f"left out: {problem}")
    return found.files
