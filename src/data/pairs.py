"""A photo with its alpha, independent of the layout of the files."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.images.files import ImageError, read_alpha_channel, read_gray, read_image, read_photo


class PhotoWithAlpha(NamedTuple):
    """The files of a photo and its alpha."""

    name: str  # unique among the pairs that are used together
    photo: Path
    alpha: Path | None  # None: the alpha channel of `photo`

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Read the photo, BGR (H, W, 3) uint8, and its alpha, (H, W) uint8.

        Raises:
            ImageError: a file cannot be read, or the sizes differ.
        """
        if self.alpha:
            image, alpha = read_image(self.photo), read_gray(self.alpha)
        else:
            image, alpha = read_photo(self.photo).colours, read_alpha_channel(self.photo)
        require_same_size(image, alpha, self.photo, self.alpha or self.photo)
        return image, alpha


def require_same_size(image: np.ndarray, other: np.ndarray, photo: Path, file: Path) -> None:
    """Check that a matte or trimap (H, W) has the size of its photo (H, W, 3).

    Raises:
        ImageError: the sizes differ; the message names both files and sizes.
    """
    if other.shape[:2] != image.shape[:2]:
        raise ImageError(f"{photo}: is {size_text(image)}, but {file} is {size_text(other)}")


def size_text(image: np.ndarray) -> str:
    """Format the size of an image as WIDTHxHEIGHT."""
    return f"{image.shape[1]}x{image.shape[0]}"
