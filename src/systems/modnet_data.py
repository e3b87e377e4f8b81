"""MODNet's samples from stills with alpha; a reader of videos gives the same columns.

Columns of a batch of N, of size S, all float32:

image         (N, 3, S, S), RGB in [-1, 1]
alpha         (N, 1, S, S), true alpha in [0, 1]
trimap        (N, 1, S, S), 0 background, 0.5 unsure, 1 foreground
previous      (N, 1, S, S), alpha of the frame before in [0, 1]; 0 everywhere where there is none
image_before  (N, 3, S, S), the frame before as `image`; that of a still is the still itself
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from src.data.augmentation import draw_augmentation
from src.data.light import draw_light
from src.data.previous_alpha import draw_way, previous_alpha
from src.data.samples import Samples
from src.data.split_files import SplitFiles
from src.images.files import read_gray
from src.images.preprocessing import alpha_to_float, normalise_rgb, resize
from src.images.trimap import draw_trimap_sides, soft_trimap


class StillSamples(Samples):
    """The samples of one split.

    Args:
        files: the split.
        columns: what a sample holds, in order; see above.
        settings: the others of `Samples`. In validation, the previous alpha is that of a first frame, empty.
    """

    def __init__(self, files: SplitFiles, columns: Sequence[str], **settings: Any):
        super().__init__(files, **settings)
        self.columns = tuple(columns)

    def sample(self, index: int, epoch: int = 0) -> tuple[np.ndarray, ...]:
        """Sample `index` as `epoch` sees it, an array for each column.

        Raises:
            UserError: a file cannot be read, or has another size than its photo.
        """
        size = self._patch_size
        rng = np.random.default_rng((self._seed, epoch, index))
        image, trimap, alpha = self._read(index)
        if self._augments:
            changes = draw_augmentation(rng, *alpha.shape, size, vertical_flip=False)
            image, _, alpha = changes.apply(image, trimap, alpha, size)
            if light := draw_light(rng):
                image = light.shine_behind(image, alpha) if light.is_behind else light.shine(image)
        else:
            image, alpha = (resize(each, size, size) for each in (image, alpha))
        alpha = alpha_to_float(alpha)
        made = {
            "image": normalise_rgb(image),
            "alpha": alpha[np.newaxis],
            "trimap": soft_trimap(alpha, *draw_trimap_sides(rng, size))[np.newaxis],
        }
        if "previous" in self.columns:
            made["previous"] = self._previous(rng, alpha)[np.newaxis]
        made["image_before"] = made["image"]
        return tuple(made[name] for name in self.columns)

    def _previous(self, rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
        if not self._augments:
            return np.zeros_like(alpha)

        def other() -> np.ndarray:
            drawn = read_gray(self.files.alpha(int(rng.integers(len(self)))))
            return alpha_to_float(resize(drawn, *alpha.shape))

        # A still is its own frame before; without a background of its own, nobody can leave it.
        return previous_alpha(rng, draw_way(rng, has_before=True, can_leave=False), alpha, other)
