"""Who is shown, and photos in which someone else can stand."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Person:
    """Someone to be shown.

    Args:
        image: the photo, BGR (H, W, 3) uint8.
        foreground: its foreground colours, alike.
        alpha: (H, W) uint8.
    """

    image: np.ndarray
    foreground: np.ndarray
    alpha: np.ndarray


@dataclass(frozen=True)
class Scene:
    """A photo in which someone else can stand.

    Args:
        emptied: the photo with its person painted over, BGR (H, W, 3) uint8.
        alpha: of that person, (H, W) uint8.
    """

    emptied: np.ndarray
    alpha: np.ndarray
