"""The trimap that a solver starts from: of the network's classes, of its alpha, or of the user's file."""

from pathlib import Path

import cv2
import numpy as np

from src.images.files import ImageError, read_gray
from src.images.trimap import GRAY_OF_CLASS, TrimapClass

BAND = 0.006  # of the photo's long side, which foreground and background lose
_LEAST_BAND = 2  # pixels
_SMALL = 0.1  # of the largest island's foreground, below which an island becomes background
_MOST_PIXELS = 1 << 20  # on which the trimap is made; a larger one has no more detail
_SURE_ALPHA = 0.05  # from 0 or 1
_SURE_GRAY = 25  # from 0 or 255: a tenth

BACKGROUND, FOREGROUND, UNKNOWN = (
    int(GRAY_OF_CLASS[each]) for each in (TrimapClass.BACKGROUND, TrimapClass.FOREGROUND, TrimapClass.UNSURE)
)


def trimap_from_classes(probabilities: np.ndarray, height: int, width: int, band: float = BAND) -> np.ndarray:
    """Make a photo's trimap from the network's classes.

    Foreground and background lose a border, in which the network may be wrong: `band`, but at least one
    pixel of the network and two of the photo. At the photo's edge they lose nothing: the person is cut off
    there. Small islands become background.

    Args:
        probabilities: (3, h, w) float32 in the order of TrimapClass, for the whole photo.
        height: of the photo.
        width: of the photo.
        band: relative to the photo's long side.

    Returns:
        (height, width) uint8 with the values 0, 128 and 255.
    """
    scale = min(1, (_MOST_PIXELS / (height * width)) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    classes = np.argmax([cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in probabilities], 0)
    classes[_small_islands(classes)] = TrimapClass.BACKGROUND
    network_pixel = max(size) / max(probabilities.shape[1:])
    border = round(max(band * max(size), network_pixel, _LEAST_BAND))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * border + 1, 2 * border + 1))
    trimap = np.full(classes.shape, UNKNOWN, np.uint8)
    for known in (TrimapClass.BACKGROUND, TrimapClass.FOREGROUND):
        kept = cv2.erode((classes == known).astype(np.uint8), kernel)
        trimap[kept > 0] = GRAY_OF_CLASS[known]
    return cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)


def _small_islands(classes: np.ndarray) -> np.ndarray:
    """Where (H, W) the parts apart from the person lie that have little foreground."""
    count, labels = cv2.connectedComponents((classes != TrimapClass.BACKGROUND).astype(np.uint8))
    weights = np.bincount(labels.ravel(), classes.ravel() == TrimapClass.FOREGROUND, count)
    is_small = weights < _SMALL * weights.max()
    is_small[0] = False
    return is_small[labels]


def probabilities_from_alpha(alpha: np.ndarray) -> np.ndarray:
    """The classes (3, h, w) float32 of a network's alpha (h, w): sure within 0.05 of 0 and 1."""
    background, foreground = alpha < _SURE_ALPHA, alpha > 1 - _SURE_ALPHA
    return np.stack([background, foreground, ~(background | foreground)]).astype(np.float32)


def read_trimap(path: Path, height: int, width: int) -> np.ndarray:
    """Read a trimap, a grey picture of the photo's size.

    Up to a tenth of white is background, from nine tenths foreground, and the rest unknown.

    Returns:
        (height, width) uint8 with the values 0, 128 and 255.

    Raises:
        ImageError: it cannot be read, or has another size.
    """
    gray = read_gray(path)
    if gray.shape != (height, width):
        found = f"{gray.shape[1]}x{gray.shape[0]}"
        raise ImageError(f"{path}: is a trimap of {found} for a photo of {width}x{height}; make them equal")
    trimap = np.full(gray.shape, UNKNOWN, np.uint8)
    trimap[gray <= _SURE_GRAY] = BACKGROUND
    trimap[gray >= 255 - _SURE_GRAY] = FOREGROUND
    return trimap
