"""Finds the photos and mattings of the source data set and pairs them by name.

Layout of the source: clip_img/<group>/clip_<sub>/<name>.jpg and matting/<group>/matting_<sub>/<name>.png.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from src.common.errors import UserError
from src.common.names import shown
from src.generation.splits import group_of
from src.images.suffixes import DATA_SUFFIXES

PHOTO_FOLDER = "clip_img"
MATTING_FOLDER = "matting"
UNREADABLE = "cannot be read"  # begins the reason why a file or folder of unknown content is skipped
_MATTING_SUFFIXES = (".png",)

_Key = tuple[str, str, str]  # group, sub, name without suffix
_Check = Callable[[Path], str]  # why an entry does not belong in the source, or ""


@dataclass(frozen=True, order=True)
class Pair:
    """A photo and its matting, as paths relative to clip_img and matting."""

    matting: str  # <group>/matting_<sub>/<name>.png: also the pair's name in the lists
    photo: str  # <group>/clip_<sub>/<name>.jpg

    @property
    def group(self) -> str:
        """The shooting session."""
        return group_of(self.matting)


@dataclass(frozen=True, order=True)
class SkippedFile:
    """A file or folder of the source that is not used."""

    file: str  # relative to the source folder
    reason: str
    may_pass: bool = False  # whether it may be readable the next time, although it does not change


def find_pairs(source: Path, error_files: Iterable[str]) -> tuple[list[Pair], list[SkippedFile]]:
    """Find all pairs in the source, sorted by name, and all skipped files.

    Args:
        source: the folder that contains clip_img and matting; it is only read.
        error_files: files or folders to skip, absolute or relative to the current folder.

    Raises:
        UserError: the folder or one of its two subfolders is missing or cannot be listed.
    """
    ignored = {Path(file).parent.resolve() / Path(file).name for file in error_files}
    try:
        photos, skipped_photos = _files_by_key(source, PHOTO_FOLDER, "clip_", DATA_SUFFIXES, ignored)
        mattings, skipped_mattings = _files_by_key(
            source, MATTING_FOLDER, "matting_", _MATTING_SUFFIXES, ignored
        )
    except OSError as error:
        raise UserError(
            f"{error.filename}: cannot be listed: {error.strerror}; generate_data.path_mt_human must be the "
            f"downloaded data set, with the folders {PHOTO_FOLDER} and {MATTING_FOLDER}"
        ) from None
    pairs, skipped = [], [*skipped_photos, *skipped_mattings]
    for key in photos.keys() | mattings.keys():
        same_photos, same_mattings = photos.get(key, []), mattings.get(key, [])
        if len(same_photos) == len(same_mattings) == 1:
            pairs.append(Pair(same_mattings[0], same_photos[0]))
        else:
            skipped += _unpaired(PHOTO_FOLDER, same_photos, "matting", same_mattings)
            skipped += _unpaired(MATTING_FOLDER, same_mattings, "photo", same_photos)
    return sorted(pairs), sorted(skipped)


def _files_by_key(
    source: Path, folder: str, prefix: str, suffixes: tuple[str, ...], ignored: Collection[Path]
) -> tuple[dict[_Key, list[str]], list[SkippedFile]]:
    """The image files below `folder`, keyed by what a photo and its matting have in common."""
    found, skipped = defaultdict(list), []
    levels = (_folder_check(), _folder_check(prefix), _file_check(suffixes))
    for path, reason in _walk(source / folder, levels, ignored):
        if reason:
            skipped.append(SkippedFile(shown(path.relative_to(source).as_posix()), reason))
        else:
            group, sub, _ = relative = path.relative_to(source / folder).parts
            found[group, sub.removeprefix(prefix), path.stem].append("/".join(relative))
    return found, skipped


def _walk(folder: Path, levels: Sequence[_Check], ignored: Collection[Path]) -> Iterator[tuple[Path, str]]:
    """Yield the files at the lowest level, and every entry that does not belong, with the reason."""
    check, *deeper = levels
    place = folder.resolve()
    for path in sorted(folder.iterdir()):
        try:
            reason = (
                "in list_error_files" if place / path.name in ignored else _stray(path.name) or check(path)
            )
            if deeper and not reason:
                with os.scandir(path):  # whether it can be listed
                    pass
        except OSError as error:
            reason = f"{UNREADABLE}: {error.strerror}"
        if reason or not deeper:
            yield path, reason
        else:
            yield from _walk(path, deeper, ignored)


def _stray(name: str) -> str:
    if name.startswith("."):
        return "stray entry (hidden)"
    if shown(name) != name or "\n" in name or "\r" in name:
        return "name is not UTF-8 or contains a line break; rename it"
    return ""


def _folder_check(prefix: str = "") -> _Check:
    def check(path: Path) -> str:
        if not path.is_dir():
            return "stray file (a folder is expected here)"
        return "" if path.name.startswith(prefix) else f"stray folder (its name must start with {prefix})"

    return check


def _file_check(suffixes: tuple[str, ...]) -> _Check:
    def check(path: Path) -> str:
        if not path.is_file():
            return "stray entry (an image file is expected here)"
        return "" if path.suffix.lower() in suffixes else f"stray file (not {', '.join(suffixes)})"

    return check


def _unpaired(
    folder: str, same_name: Sequence[str], partner: str, partners: Sequence[str]
) -> Iterator[SkippedFile]:
    """Yield files of one name that form no pair; of two that differ only in suffix, neither is used."""
    for file in same_name:
        others = [Path(other).name for other in same_name if other != file]
        if others:
            reason = f"has the same name as {', '.join(others)}; keep one of them"
        elif partners:
            reason = f"has {len(partners)} files for its {partner}; keep one of them"
        else:
            reason = f"has no {partner} of the same name"
        yield SkippedFile(f"{folder}/{file}", reason)
