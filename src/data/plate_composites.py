"""Fixed composites with plates, to evaluate on: photo, plate, true alpha and true foreground in files.

DIR/composites.txt                                            how they were made
DIR/test/image/<name>.png, plate/, alpha/, foreground/        lossless
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.errors import UserError
from src.common.folder_search import search
from src.data.pairs import require_same_size
from src.images.files import read_gray, read_image

NOTE = "composites.txt"
SPLIT = "test"


class PlateComposite(NamedTuple):
    """The files of a composite."""

    name: str  # ends in .png
    folder: Path

    def file(self, kind: str) -> Path:
        """The file of a kind: 'image', 'plate', 'alpha' or 'foreground'."""
        return self.folder / SPLIT / kind / self.name

    def read(self) -> dict[str, np.ndarray]:
        """Read all four: (H, W, 3) uint8 BGR, and alpha (H, W) uint8.

        Raises:
            ImageError: a file cannot be read, or the sizes differ.
        """
        image = read_image(self.file("image"))
        found = {"image": image, "alpha": read_gray(self.file("alpha"))}
        found |= {kind: read_image(self.file(kind)) for kind in ("plate", "foreground")}
        for kind, picture in found.items():
            require_same_size(image, picture, self.file("image"), self.file(kind))
        return found


def find_composites(folder: str | Path) -> list[PlateComposite]:
    """All composites of a folder, sorted by name.

    Raises:
        UserError: there are none.
    """
    images = Path(folder, SPLIT, "image")
    if not images.is_dir():
        raise UserError(
            f"{images}: no such folder; make composites with src/generate_datasets.py and the configuration "
            "of background_matting"
        )
    files = search(images, (".png",)).files
    if not files:
        raise UserError(f"{images}: holds no composites (.png)")
    return [PlateComposite(path.relative_to(images).as_posix(), Path(folder)) for path in files]
