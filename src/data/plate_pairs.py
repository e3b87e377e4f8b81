"""Photos with their plates and true alphas, in folders of any set of them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.errors import UserError
from src.data.pairs import require_same_size
from src.data.plate_files import by_name
from src.images.files import read_gray, read_image

_PHOTOS, _PLATES, _ALPHAS = ("image",), ("plate", "background"), ("alpha", "mask")


class PlatePair(NamedTuple):
    """The files of a photo, its plate and its alpha."""

    name: str
    photo: Path
    plate: Path
    alpha: Path

    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Read photo and plate, BGR (H, W, 3) uint8, and alpha, (H, W) uint8.

        Raises:
            ImageError: a file cannot be read, or the sizes differ.
        """
        photo, plate, alpha = read_image(self.photo), read_image(self.plate), read_gray(self.alpha)
        require_same_size(photo, plate, self.photo, self.plate)
        require_same_size(photo, alpha, self.photo, self.alpha)
        return photo, plate, alpha


def find_plate_pairs(folder: str | Path) -> list[PlatePair]:
    """Find image/<name>, plate/<name> (or background/) and alpha/<name> (or mask/), sorted by name.

    Suffixes may differ. Photos that lack one of the others are left out.

    Raises:
        UserError: there are none.
    """
    photos, plates, alphas = (_first(Path(folder), names) for names in (_PHOTOS, _PLATES, _ALPHAS))
    names = sorted(photos.keys() & plates.keys() & alphas.keys())
    if not names:
        raise UserError(
            f"{folder}: holds no photos with plates and alphas: image/<name>, plate/<name> (or background/) "
            "and alpha/<name> (or mask/)"
        )
    return [PlatePair(name, photos[name], plates[name], alphas[name]) for name in names]


def _first(folder: Path, names: tuple[str, ...]) -> dict[str, Path]:
    """The files of the first folder of these names that is there, by their paths in it without suffix."""
    return by_name(next((folder / name for name in names if (folder / name).is_dir()), folder / names[0]))
