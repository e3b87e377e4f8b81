"""Folders of people with mattes, to be put before other backgrounds."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from src.common.errors import UserError
from src.composites.outline import find_box
from src.composites.person import Person, Scene
from src.composites.rims import smooth_mask
from src.images.files import DATA_SUFFIXES, ImageError, read_alpha_channel, read_gray, read_image
from src.inference.background import blend
from src.inference.foreground import estimate_foreground

_ALPHA_FOLDERS = ("alpha", "mask")
_RIM = 0.02  # of the photo's long side: what alpha may miss of a person
_FILL_PIXELS = 160  # of the long side of what is painted over someone


class PersonFiles(NamedTuple):
    """Where a person comes from."""

    name: str  # of the folder and of the file below it; unique
    photo: Path
    alpha: Path | None  # None: the alpha channel of `photo`, whose background is not a photo's


def find_people(folders: Iterable[str | Path]) -> list[PersonFiles]:
    """Find all people of some folders, sorted by folder and name.

    Args:
        folders: each holds `image/<id>.jpg` and `alpha/<id>.png` (or `mask/<id>.png`), or RGBA files <id>.png
            at any depth.

    Raises:
        UserError: a folder is missing, holds no people, or an image has no alpha.
    """
    people = []
    for folder in map(Path, folders):
        found = _pairs(folder) if (folder / "image").is_dir() else _cutouts(folder)
        if not found:
            raise UserError(
                f"{folder}: holds no people: neither image/ with alpha/ or mask/, nor RGBA files (.png)"
            )
        people += found
    names = [each.name for each in people]
    if len(set(names)) < len(names):
        raise UserError("two folders of people have the same name and hold the same files; rename one")
    return people


def require_known(ids: Collection[str], people: Iterable[PersonFiles]) -> None:
    """Make sure that a list of ids is one of these people.

    Raises:
        UserError: some are nobody's.
    """
    unknown = sorted(set(ids) - {each.photo.stem for each in people})
    if unknown:
        raise UserError(f"listed, but no photo has these ids (file names without suffix): {shorten(unknown)}")


def shorten(names: Sequence[str]) -> str:
    """The first three, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def find_set(files: PersonFiles) -> str:
    """The name of the folder of people that someone was found in."""
    if files.alpha is not None:
        return files.photo.parent.parent.name
    parts = files.photo.with_suffix("").parts
    return next(parts[k] for k in range(len(parts)) if "_".join(parts[k:]) == files.name)


def read_person(files: PersonFiles, most: int | None = None) -> Person:
    """Read photo and alpha and estimate the foreground.

    Args:
        files: of the person.
        most: pixels of the long side, to which larger photos are shrunk; None: as it is.

    Raises:
        ImageError: a file cannot be read, the two differ in size, or nobody is there.
    """
    image, alpha = _read(files)
    if most and max(alpha.shape) > most:
        image, alpha = (_shrink(each, most) for each in (image, alpha))
        _require_someone(alpha, files)
    box, margin = find_box(alpha), max(1, round(_RIM * max(alpha.shape)))
    part = (
        slice(max(0, box.top - margin), box.bottom + margin),
        slice(max(0, box.left - margin), box.right + margin),
    )
    foreground = image.copy()  # estimating takes its time, and nobody is elsewhere
    foreground[part] = estimate_foreground(image[part], alpha[part])
    return Person(image, foreground, alpha)


def read_scene(files: PersonFiles) -> Scene:
    """Read a photo and paint its person over with the colours around.

    Raises:
        ImageError: as `read_person`, or the person leaves nothing of the photo.
    """
    image, alpha = _read(files)
    reach = 2 * max(1, round(_RIM * max(alpha.shape))) + 1
    around = 255 - cv2.dilate(alpha, np.ones((reach, reach), np.uint8))
    if not np.any(around):
        raise ImageError(f"{files.alpha or files.photo}: alpha leaves no background")
    # The fill is smooth: estimated small, it looks the same.
    fill = estimate_foreground(*(_shrink(each, _FILL_PIXELS) for each in (image, around)))
    fill = cv2.resize(fill, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return Scene(blend(image, fill, around), alpha)


def _shrink(image: np.ndarray, most: int) -> np.ndarray:
    scale = min(1, most / max(image.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _read(files: PersonFiles) -> tuple[np.ndarray, np.ndarray]:
    """Photo and alpha."""
    image = read_image(files.photo)
    alpha = smooth_mask(read_gray(files.alpha) if files.alpha else read_alpha_channel(files.photo))
    if alpha.shape != image.shape[:2]:
        raise ImageError(f"{files.alpha}: has another size than {files.photo}")
    _require_someone(alpha, files)
    return image, alpha


def _require_someone(alpha: np.ndarray, files: PersonFiles) -> None:
    if not np.any(alpha):
        raise ImageError(f"{files.alpha or files.photo}: alpha is 0 everywhere")


def _pairs(folder: Path) -> list[PersonFiles]:
    alpha_folder = next((folder / name for name in _ALPHA_FOLDERS if (folder / name).is_dir()), None)
    if alpha_folder is None:
        raise UserError(f"{folder}: has image/, but neither alpha/ nor mask/")
    people = []
    for photo in sorted(
        path for path in (folder / "image").iterdir() if path.suffix.lower() in DATA_SUFFIXES
    ):
        alpha = alpha_folder / f"{photo.stem}.png"
        if not alpha.is_file():
            raise UserError(f"{photo}: has no {alpha}")
        people.append(PersonFiles(f"{folder.name}_{photo.stem}", photo, alpha))
    return people


def _cutouts(folder: Path) -> list[PersonFiles]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".png")
    names = ["_".join((folder.name, *path.relative_to(folder).with_suffix("").parts)) for path in files]
    return [PersonFiles(name, path, None) for name, path in zip(names, files, strict=True)]


def read_ids(path: str | Path) -> frozenset[str]:
    """The ids that a file lists, one a line.

    Raises:
        UserError: it cannot be read, or lists none.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    ids = frozenset(line.strip() for line in lines if line.strip())
    if not ids:
        raise UserError(f"{path}: lists nothing")
    return ids
