"""Folders of photos of people with their alphas."""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from src.common.errors import UserError
from src.common.folder_search import search
from src.data.lines import read_lines
from src.data.pairs import PhotoWithAlpha
from src.images.suffixes import PHOTO_SUFFIXES

_ALPHA_FOLDERS = ("alpha", "mask")


def find_people(
    folders: Iterable[str | Path], leave_out: Callable[[str], object] = print
) -> list[PhotoWithAlpha]:
    """Find all people of some folders, sorted by folder and name.

    Args:
        folders: each holds `image/<id>.jpg` and `alpha/<id>.png` (or `mask/<id>.png`), or RGBA files <id>.png
            at any depth.
        leave_out: is told of each picture that cannot be used, such as one without alpha.

    Raises:
        UserError: a folder is missing or holds no people.
    """
    people = []
    for folder in map(Path, folders):
        folder = folder if folder.name else folder.resolve()  # '.', after which people cannot be named
        found = (_pairs if (folder / "image").is_dir() else _cutouts)(folder, leave_out)
        if not found:
            raise UserError(
                f"{folder}: holds no people: neither image/ with alpha/ or mask/, nor RGBA files (.png)"
            )
        people += found
    names = [each.name for each in people]
    if len(set(names)) < len(names):
        raise UserError("two folders of people have the same name and hold the same files; rename one")
    return people


def require_known(ids: Collection[str], people: Iterable[PhotoWithAlpha]) -> None:
    """Check that every id belongs to one of these people.

    Raises:
        UserError: an id belongs to nobody.
    """
    unknown = sorted(set(ids) - {each.photo.stem for each in people})
    if unknown:
        raise UserError(f"listed, but no photo has these ids (file names without suffix): {shorten(unknown)}")


def shorten(names: Sequence[str]) -> str:
    """Join the first three names and the number of the others."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def find_set(files: PhotoWithAlpha) -> str:
    """Return the name of the folder in which `find_people` found a person."""
    if files.alpha is not None:
        return files.photo.parent.parent.name
    parts = files.photo.with_suffix("").parts
    return next(parts[k] for k in range(len(parts)) if "_".join(parts[k:]) == files.name)


def read_ids(path: str | Path) -> frozenset[str]:
    """Read a list of ids, one per line.

    Raises:
        UserError: the file cannot be read, or lists nothing.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    ids = frozenset(read_lines(text))
    if not ids:
        raise UserError(f"{path}: lists nothing")
    return ids


def _pairs(folder: Path, leave_out: Callable[[str], object]) -> list[PhotoWithAlpha]:
    alpha_folder = next((folder / name for name in _ALPHA_FOLDERS if (folder / name).is_dir()), None)
    if alpha_folder is None:
        raise UserError(f"{folder}: has image/, but neither alpha/ nor mask/")
    photos: dict[str, PhotoWithAlpha] = {}
    for path in _pictures(folder / "image", PHOTO_SUFFIXES, False, leave_out):
        alpha = alpha_folder / f"{path.stem}.png"
        if not alpha.is_file():
            leave_out(f"{path}: has no {alpha}")
        elif path.stem in photos:
            leave_out(f"{path}: has the same alpha as {photos[path.stem].photo}; keep one of them")
        else:
            photos[path.stem] = PhotoWithAlpha(f"{folder.name}_{path.stem}", path, alpha)
    return list(photos.values())


def _cutouts(folder: Path, leave_out: Callable[[str], object]) -> list[PhotoWithAlpha]:
    files = _pictures(folder, (".png",), True, leave_out)
    names = ["_".join((folder.name, *path.relative_to(folder).with_suffix("").parts)) for path in files]
    return [PhotoWithAlpha(name, path, None) for name, path in zip(names, files, strict=True)]


def _pictures(
    folder: Path, suffixes: Sequence[str], deep: bool, leave_out: Callable[[str], object]
) -> list[Path]:
    """The pictures of some suffixes; others are left out, but lists and the like may lie among them."""
    found = search(folder, suffixes, deep)
    for problem in found.problems:
        leave_out(problem)
    for path in found.others:
        if path.suffix.lower() in PHOTO_SUFFIXES:
            leave_out(f"{path}: is no picture with alpha ({', '.join(suffixes)})")
    return found.files
