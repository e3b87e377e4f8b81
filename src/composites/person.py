"""People to show, and scenes to put them into."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Person:
    """A person to show.

    Args:
        image: the photo, BGR (H, W, 3) uint8.
        foreground: its foreground colours, BGR (H, W, 3) uint8.
        alpha: (H, W) uint8.
    """

    image: np.ndarray
    foreground: np.ndarray
    alpha: np.ndarray

    @property
    def nbytes(self) -> int:
        """The memory that it takes."""
        return self.image.nbytes + self.foreground.nbytes + self.alpha.nbytes


@dataclass(frozen=True)
class Scene:
    """A photo into which another person can be put.

    Args:
        emptied: the photo with its original person painted over, BGR (H, W, 3) uint8.
        alpha: of the original person, (H, W) uint8.
    """

    emptied: np.ndarray
    alpha: np.ndarray

    @property
    def nbytes(self) -> int:
        """The memory that it takes."""
        return self.emptied.nbytes + self.alpha.nbytes
