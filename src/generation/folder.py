"""The folder of a generated data set: <split>/<kind>/<group>/<sub folder>/<file> and <split>/<split>.txt."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from src.common.atomic_file import TEMPORARY_PREFIX, write_text
from src.common.errors import UserError
from src.generation.pairing import Pair
from src.generation.splits import SPLITS
from src.images.suffixes import DATA_SUFFIXES

CLIP_IMG, MATTING, MASK, TRIMAP, ALPHA = KINDS = ("clip_img", "matting", "mask", "trimap", "alpha")
_KIND_FOLDERS = tuple(f"{kind}/" for kind in KINDS)


def path_in_split(kind: str, pair: Pair) -> str:
    """Return the path of a pair's file of this kind, relative to its split's folder."""
    return f"{kind}/{pair.photo if kind == CLIP_IMG else pair.matting}"


def list_files(folder: Path) -> dict[str, set[str]]:
    """List a data set's files by split, such as "mask/<group>/matting_<sub>/<name>.png".

    Temporary files left by a killed run are removed.

    Raises:
        UserError: a temporary file cannot be removed.
    """
    try:
        for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
            leftover.unlink()
        return {split: set(_files_below(folder / split)) for split in SPLITS}
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be removed: {error.strerror}; remove it") from error


def _files_below(root: Path) -> Iterator[str]:
    for place, _, names in os.walk(root):
        below = Path(place).relative_to(root).as_posix()
        for name in names:
            if name.startswith(TEMPORARY_PREFIX):
                Path(place, name).unlink()
            elif not name.startswith("."):
                yield f"{below}/{name}"


def require_same_splits(
    folder: Path, key: str, files: Mapping[str, set[str]], split_of: Mapping[Pair, str]
) -> None:
    """Check that no image already in one split now belongs to another.

    Args:
        folder: the data set.
        key: the configuration key that names `folder`, for the message.
        files: the files that `list_files` found in it.
        split_of: the split that each pair belongs to.

    Raises:
        UserError: an image would be in two splits.
    """
    for pair, split in split_of.items():
        for kind in KINDS:
            file = path_in_split(kind, pair)
            for other in SPLITS:
                if other != split and file in files[other]:
                    raise UserError(
                        f"generate_data.{key} = {folder}: {pair.matting} is in {other} there, but now "
                        f"belongs to {split}: proportion, split_by, seed or the source has changed; set "
                        f"another {key}, or delete that folder yourself"
                    )


def require_same_suffixes(
    folder: Path, key: str, files: Mapping[str, set[str]], split_of: Mapping[Pair, str]
) -> None:
    """Check that no photo already in the data set has come with another suffix since, such as .png for .jpg.

    Both would lie there under one name, and training could read the old one.

    Args:
        folder, key, files, split_of: as for `require_same_splits`.

    Raises:
        UserError: there is an old one; the message names it.
    """
    photos_there = defaultdict(set)  # by split and path without suffix
    for split, present in files.items():
        for path in (PurePosixPath(file) for file in present if file.startswith(f"{CLIP_IMG}/")):
            if path.suffix.lower() in DATA_SUFFIXES:
                photos_there[split, path.with_suffix("")].add(path.as_posix())
    for pair, split in split_of.items():
        own = path_in_split(CLIP_IMG, pair)
        for old in sorted(photos_there[split, PurePosixPath(own).with_suffix("")] - {own}):
            raise UserError(
                f"{folder / split / old}: is a photo whose source is now {pair.photo}, with another suffix; "
                f"remove the old photo yourself, or set another generate_data.{key}"
            )


def write_lists(folder: Path, pairs_of: Mapping[str, Iterable[Pair]]) -> None:
    """Write <split>/<split>.txt for every split, with one <group>/matting_<sub>/<name>.png per line."""
    for split, pairs in pairs_of.items():
        write_text(folder / split / f"{split}.txt", "".join(f"{pair.matting}\n" for pair in pairs))


def count_unlisted(files: Mapping[str, set[str]], listed: Mapping[str, Iterable[Pair]]) -> int:
    """Count the files of the data set that do not belong to any listed pair."""
    unlisted = 0
    for split, present in files.items():
        known = {path_in_split(kind, pair) for pair in listed[split] for kind in KINDS}
        unlisted += sum(file.startswith(_KIND_FOLDERS) for file in present - known)
    return unlisted
