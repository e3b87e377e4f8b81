"""A closer look at people from head to feet: a tall photo is matted again in two parts, upper and lower.

Such a photo fills only part of the network's square, and its person less; each part fills the square. Where
a person fills most of the photo, parts would lack what tells a person from other things, such as the head.
"""

import numpy as np

_TALL = 1.4  # height relative to width
_LARGE = 0.4  # mean alpha
# Size of a part, relative to the photo's width, and at least relative to its height. All chosen on
# development photos.
_OF_WIDTH, _OF_HEIGHT = 1.15, 0.6


def is_tall(image: np.ndarray) -> bool:
    """Whether a photo (H, W, 3) is much higher than wide."""
    height, width = image.shape[:2]
    return height > _TALL * width


def is_small(alpha: np.ndarray) -> bool:
    """Whether a person is so small that parts show more, given alpha (h, w) of the whole photo, in [0, 1]."""
    return alpha.mean() < _LARGE


def parts(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The upper and the lower part of a tall photo (H, W, 3), which overlap, as views of equal size."""
    height, width = image.shape[:2]
    rows = round(max(_OF_WIDTH * width, _OF_HEIGHT * height))
    return image[:rows], image[-rows:]


def joined(image: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Join the maps of both parts, which pass into each other where they overlap.

    Args:
        image: the photo, (H, W, 3).
        upper: (C, h, w), of the upper of `parts(image)`.
        lower: (C, h, w).

    Returns:
        (C, h', w) for the whole photo.
    """
    part_height = upper.shape[1]
    height = round(part_height * len(image) / len(parts(image)[0]))
    overlap = 2 * part_height - height
    share = (np.arange(overlap, dtype=np.float32)[:, np.newaxis] + 0.5) / overlap
    between = (1 - share) * upper[:, part_height - overlap :] + share * lower[:, :overlap]
    return np.concatenate((upper[:, : part_height - overlap], between, lower[:, overlap:]), axis=1)
