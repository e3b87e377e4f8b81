"""A folder of generated photos and mattings, in the layout of Matting Human Datasets."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.atomic_file import remove_leftovers, write_text
from src.common.errors import UserError
from src.common.folder_lock import locked
from src.common.folder_search import is_hidden
from src.images.files import write_image


class PairPaths(NamedTuple):
    """The two files of a pair."""

    photo: Path
    matting: Path

    @property
    def are_made(self) -> bool:
        """Whether both files exist; files are written atomically."""
        return self.photo.exists() and self.matting.exists()


def pair_paths(folder: Path, group: str, name: str) -> PairPaths:
    """The paths of a pair; a group is never divided between splits."""
    return PairPaths(
        folder / "clip_img" / group / "clip_00000000" / f"{name}.jpg",
        folder / "matting" / group / "matting_00000000" / f"{name}.png",
    )


def write_pair(paths: PairPaths, image: np.ndarray, alpha: np.ndarray, jpeg_quality: int = 95) -> None:
    """Write the photo (JPEG) and the matting (RGBA PNG) of a pair.

    Args:
        paths: the files to write.
        image: BGR (H, W, 3) uint8.
        alpha: (H, W) uint8.
        jpeg_quality: quality of the photo, 0 to 100.

    Raises:
        UserError: a file cannot be written.
    """
    write_image(paths.photo, image, jpeg_quality)
    write_image(paths.matting, np.dstack([image, alpha]))


@contextlib.contextmanager
def claimed(
    folder: Path, note_name: str, note: str, depth: int = 3, part: str | None = None
) -> Iterator[None]:
    """Lock a folder, and record in it how its pictures are made.

    The record prevents mixing pictures made with different settings, or mixing them with any other data.
    Temporary files of a killed process are removed.

    Args:
        folder: the folder; it is created if missing.
        note_name: name of the file with the record.
        note: one line that describes the settings.
        depth: of the folders with pictures below it.
        part: the only subfolder that is written, beside which there may be other data. None: all of it is.

    Raises:
        UserError: it is not a folder, cannot be written, holds other data, or is in use by another process.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file; name a folder")
    with locked(folder):
        path = folder / note_name
        if not path.exists():
            others = [each.name for each in folder.iterdir() if not is_hidden(each)]
            others = [name for name in others if part in (None, name)]
            if others:
                raise UserError(f"{folder}: holds other data, such as {min(others)}; name a new folder")
            write_text(path, f"{note}\n")
        elif path.read_text(encoding="utf-8").strip() != note:
            raise UserError(
                f"{folder}: holds pictures made with other settings (see {note_name}); name a new folder"
            )
        remove_leftovers(folder)
        remove_leftovers(folder, depth)
        yield
