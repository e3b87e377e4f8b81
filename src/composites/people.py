"""People and scenes for composites, read from photos with their alphas."""

import cv2
import numpy as np

from src.composites.outline import find_box
from src.composites.person import Person, Scene
from src.composites.rims import smooth_mask
from src.data.pairs import PhotoWithAlpha
from src.images.blending import blend
from src.images.files import ImageError
from src.images.foreground import estimate_foreground

_RIM = 0.02  # relative to the photo's long side: how far a person may reach beyond alpha
_FILL_PIXELS = 160  # long side of the image in which the fill is estimated


def read_person(files: PhotoWithAlpha, most: int | None = None) -> Person:
    """Read a photo and its alpha and estimate the foreground colours.

    Args:
        files: the person's files.
        most: longest side in pixels; larger photos are shrunk to it. None: keep the size.

    Raises:
        ImageError: a file cannot be read, the two differ in size, or alpha is 0 everywhere.
    """
    image, alpha = _read(files)
    if most and max(alpha.shape) > most:
        image, alpha = (_shrink(each, most) for each in (image, alpha))
        _require_someone(alpha, files)
    box, margin = find_box(alpha), max(1, round(_RIM * max(alpha.shape)))
    part = (
        slice(max(0, box.top - margin), box.bottom + margin),
        slice(max(0, box.left - margin), box.right + margin),
    )
    foreground = image.copy()  # estimated only around the person, since it is slow
    foreground[part] = estimate_foreground(image[part], alpha[part])
    return Person(image, foreground, alpha)


def read_scene(files: PhotoWithAlpha) -> Scene:
    """Read a photo and paint over its person with the surrounding colours.

    Raises:
        ImageError: as for `read_person`, or the person leaves no background.
    """
    image, alpha = _read(files)
    reach = 2 * max(1, round(_RIM * max(alpha.shape))) + 1
    around = 255 - cv2.dilate(alpha, np.ones((reach, reach), np.uint8))
    if not np.any(around):
        raise ImageError(f"{files.alpha or files.photo}: alpha leaves no background")
    # The fill is smooth, so it can be estimated at a small size.
    fill = estimate_foreground(*(_shrink(each, _FILL_PIXELS) for each in (image, around)))
    fill = cv2.resize(fill, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return Scene(blend(image, fill, around), alpha)


def _shrink(image: np.ndarray, most: int) -> np.ndarray:
    scale = min(1, most / max(image.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _read(files: PhotoWithAlpha) -> tuple[np.ndarray, np.ndarray]:
    """Read the photo, BGR (H, W, 3) uint8, and its alpha (H, W) uint8."""
    image, alpha = files.read()
    alpha = smooth_mask(alpha)
    _require_someone(alpha, files)
    return image, alpha


def _require_someone(alpha: np.ndarray, files: PhotoWithAlpha) -> None:
    if not np.any(alpha):
        raise ImageError(f"{files.alpha or files.photo}: alpha is 0 everywhere")
