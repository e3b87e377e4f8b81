"""The samples of a split: files to arrays.

Which augmentation a sample gets depends on (seed, epoch, index) alone, so a run can be repeated with
any number of workers.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from src.data.augmentation import draw_augmentation
from src.data.bad_samples import BadSamples
from src.data.pairs import require_same_size
from src.data.split_files import SplitFiles
from src.images.files import read_gray, read_image
from src.images.letterbox import letterbox_sample, squash_sample
from src.images.preprocessing import alpha_to_float, normalise
from src.images.trimap import trimap_to_class_map


class MattingDataset:
    """The samples of one split, resized to patch_size.

    Args:
        files: the split.
        patch_size: height and width of a sample.
        mean: subtracted from the BGR values.
        seed: of the augmentation.
        augments: whether samples are changed at random; validation takes them as they are.
        vertical_flip: whether augmentation also flips upside down.
        max_bad_fraction: of the samples that may be unusable; others take their places.
        letterbox: whether a whole photo keeps its aspect ratio, between bars of background.

    Attributes:
        columns: names of what a sample holds, in its order. In a batch of N these are image (N, 3, S, S)
            float32, normalised BGR; class_map (N, S, S) int32, TrimapClass; alpha (N, 1, S, S) float32 in
            [0, 1].
    """

    columns = ("image", "class_map", "alpha")

    def __init__(
        self,
        files: SplitFiles,
        *,
        patch_size: int,
        mean: Sequence[float],
        seed: int = 0,
        augments: bool = False,
        vertical_flip: bool = False,
        max_bad_fraction: float = 0.0,
        letterbox: bool = False,
    ):
        self.files = files
        self.bad = BadSamples(files.names, max_bad_fraction)
        self._patch_size = patch_size
        self._mean = mean
        self._seed = seed
        self._augments = augments
        self._vertical_flip = vertical_flip
        self._fit = partial(letterbox_sample, mean=mean) if letterbox else squash_sample

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, index: int, epoch: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sample `index` as `epoch` sees it.

        Returns:
            image (3, S, S) float32, class map (S, S) int32, alpha (1, S, S) float32 in [0, 1].

        Raises:
            UserError: a file cannot be read, or has another size than its photo.
        """
        image, trimap, alpha = self._read(index)
        if self._augments:
            rng = np.random.default_rng((self._seed, epoch, index))
            changes = draw_augmentation(rng, *alpha.shape, self._patch_size, self._vertical_flip)
            image, trimap, alpha = changes.apply(image, trimap, alpha, self._patch_size, self._fit)
        else:
            image, trimap, alpha = self._fit(image, trimap, alpha, self._patch_size)
        return (
            normalise(image, self._mean),
            trimap_to_class_map(trimap),
            alpha_to_float(alpha)[np.newaxis],
        )

    def picture(self, index: int) -> np.ndarray:
        """The photo of a sample, to be shown: BGR (H, W, 3) uint8.

        Raises:
            ImageError: it cannot be read.
        """
        return read_image(self.files.photo(index))

    def _read(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        image = read_image(self.files.photo(index))
        trimap = read_gray(self.files.trimap(index))
        alpha = read_gray(self.files.alpha(index))
        for file, other in ((self.files.trimap(index), trimap), (self.files.alpha(index), alpha)):
            require_same_size(image, other, self.files.photo(index), file)
        return image, trimap, alpha
