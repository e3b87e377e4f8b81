"""The samples of a split: files to arrays.

Which augmentation a sample gets depends on (seed, epoch, index) alone, so a run can be repeated with
any number of workers.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from src.data.augmentation import draw_augmentation
from src.data.bad_samples import BadSamples
from src.data.pairs import require_same_size
from src.data.split_files import SplitFiles
from src.images.files import read_gray, read_image
from src.images.letterbox import letterbox_sample, stretch_sample
from src.images.preprocessing import alpha_to_float, normalise
from src.images.trimap import trimap_to_class_map


class Samples(ABC):
    """The samples of one split; what a sample holds is a system's own.

    Args:
        files: the split.
        patch_size: height and width of a sample.
        seed: of all that is drawn.
        augments: whether samples are changed at random; validation takes them as they are.
        max_bad_fraction: of the samples that may be unusable; others take their places.

    Attributes:
        columns: names of what a sample holds, in its order.
    """

    columns: tuple[str, ...]

    def __init__(
        self,
        files: SplitFiles,
        *,
        patch_size: int,
        seed: int = 0,
        augments: bool = False,
        max_bad_fraction: float = 0.0,
    ):
        self.files = files
        self.bad = BadSamples(files.names, max_bad_fraction)
        self._patch_size = patch_size
        self._seed = seed
        self._augments = augments

    def __len__(self) -> int:
        return len(self.files)

    @abstractmethod
    def sample(self, index: int, epoch: int = 0) -> tuple[np.ndarray, ...]:
        """Sample `index` as `epoch` sees it, an array for each column.

        Raises:
            UserError: a file cannot be read, or has another size than its photo.
        """

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


class MattingDataset(Samples):
    """SHM's samples, resized to patch_size.

    In a batch of N, the columns are image (N, 3, S, S) float32, normalised BGR; class_map (N, S, S) int32,
    TrimapClass; alpha (N, 1, S, S) float32 in [0, 1].

    Args:
        files: the split.
        mean: subtracted from the BGR values.
        vertical_flip: whether augmentation also flips upside down.
        letterbox: whether a whole photo keeps its aspect ratio, between bars of background.
        settings: the others of `Samples`.
    """

    columns = ("image", "class_map", "alpha")

    def __init__(
        self,
        files: SplitFiles,
        *,
        mean: Sequence[float],
        vertical_flip: bool = False,
        letterbox: bool = False,
        **settings: Any,
    ):
        super().__init__(files, **settings)
        self._mean = mean
        self._vertical_flip = vertical_flip
        self._fit = partial(letterbox_sample, mean=mean) if letterbox else stretch_sample

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
