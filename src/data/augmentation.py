"""Augmentation of a training sample: random scale, crop, and flips.

As in the published training, each change is applied with probability one half.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from src.images.letterbox import stretch_sample
from src.images.preprocessing import resize

_SCALES = (0.75, 1.25)
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]  # image, trimap and alpha


@dataclass(frozen=True)
class Augmentation:
    """The changes to one sample: the part of the photo to use, and the flips."""

    top: int
    left: int
    height: int
    width: int
    flip_horizontally: bool
    flip_vertically: bool

    def apply(
        self,
        image: np.ndarray,
        trimap: np.ndarray,
        alpha: np.ndarray,
        patch_size: int,
        fit: Callable[..., Sample] = stretch_sample,
    ) -> Sample:
        """Crop, resize once to patch_size x patch_size by `fit`, and flip; all three identically."""
        cut = (self._cut(each) for each in (image, trimap, alpha))
        image, trimap, alpha = fit(*cut, patch_size)
        return self._flip(image), self._flip(trimap), self._flip(alpha)

    def apply_to_one(self, image: np.ndarray, patch_size: int) -> np.ndarray:
        """The same for a single photo (H, W, 3) or alpha (H, W), uint8, as by `stretch_sample`."""
        return self._flip(resize(self._cut(image), patch_size, patch_size))

    def _cut(self, image: np.ndarray) -> np.ndarray:
        return image[self.top : self.top + self.height, self.left : self.left + self.width]

    def _flip(self, image: np.ndarray) -> np.ndarray:
        return image[:: -1 if self.flip_vertically else 1, :: -1 if self.flip_horizontally else 1]


def draw_augmentation(
    rng: np.random.Generator, height: int, width: int, patch_size: int, vertical_flip: bool
) -> Augmentation:
    """Draw random changes for a photo of height x width.

    Cropping patch_size from a photo scaled by s equals cropping patch_size / s from the original, so
    scaling needs no resize of its own. A photo too small for the crop is used whole.
    """
    scale = rng.uniform(*_SCALES) if rng.random() < 0.5 else 1.0
    side = round(patch_size / scale)
    crops = rng.random() < 0.5 and side < height and side < width
    return Augmentation(
        top=int(rng.integers(height - side + 1)) if crops else 0,
        left=int(rng.integers(width - side + 1)) if crops else 0,
        height=side if crops else height,
        width=side if crops else width,
        flip_horizontally=rng.random() < 0.5,
        flip_vertically=vertical_flip and rng.random() < 0.5,
    )
