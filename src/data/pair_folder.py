"""A folder of made photos and mattings, in the layout of Matting Human Datasets, written pair by pair."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.atomic_file import remove_leftovers, write_text
from src.common.errors import UserError
from src.common.folder_lock import locked
from src.images.files import write_image


class PairPaths(NamedTuple):
    """The two files of a pair."""

    photo: Path
    matting: Path

    @property
    def are_made(self) -> bool:
        """Whether both are there; a file is there whole or not at all."""
        return self.photo.exists() and self.matting.exists()


def pair_paths(folder: Path, group: str, name: str) -> PairPaths:
    """Where a pair lies: groups are never divided between splits."""
    return PairPaths(
        folder / "clip_img" / group / "clip_00000000" / f"{name}.jpg",
        folder / "matting" / group / "matting_00000000" / f"{name}.png",
    )


def write_pair(paths: PairPaths, image: np.ndarray, alpha: np.ndarray, jpeg_quality: int = 95) -> None:
    """Write a photo, BGR (H, W, 3) uint8, and with its alpha (H, W) uint8 the matting."""
    write_image(paths.photo, image, jpeg_quality)
    write_image(paths.matting, np.dstack([image, alpha]))


@contextlib.contextmanager
def claimed(folder: Path, note_name: str, note: str) -> Iterator[None]:
    """Note in the folder what is made there, so that two kinds of pictures, or real photos, never mix.

    Other processes are kept out; temporary files of one that was killed are removed.

    Raises:
        UserError: it is no folder, cannot be written, holds other data, or another process is at work there.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file; name a folder")
    with locked(folder):
        path = folder / note_name
        if not path.exists():
            if (folder / "clip_img").exists() or (folder / "matting").exists():
                raise UserError(f"{folder}: holds another data set; name a new folder")
            write_text(path, f"{note}\n")
        elif path.read_text(encoding="utf-8").strip() != note:
            raise UserError(
                f"{folder}: holds pictures made with other settings (see {note_name}); name a new folder"
            )
        remove_leftovers(folder, depth=3)
        yield
