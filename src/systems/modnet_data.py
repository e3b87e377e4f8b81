"""MODNet's samples: stills with alpha, or frames of clips.

Columns of a batch of N, of size S, all float32:

image         (N, 3, S, S), RGB in [-1, 1]
alpha         (N, 1, S, S), true alpha in [0, 1]
trimap        (N, 1, S, S), 0 background, 0.5 unsure, 1 foreground
previous      (N, 1, S, S), alpha of the frame before in [0, 1]; 0 everywhere where there is none
image_before  (N, 3, S, S), the frame before as `image`; the image itself where there is none
known         (N, 1, S, S), 1 where alpha is true; 0 near the edges of a binary mask

A still is its own frame before. A binary mask is its own trimap, in which nothing is unsure.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from src.clips.split_frames import SplitFrames, TrainingFrame
from src.data.augmentation import Augmentation, draw_augmentation
from src.data.light import Light, draw_light
from src.data.previous_alpha import Way, draw_way, previous_alpha
from src.data.samples import Samples
from src.data.split_files import SplitFiles
from src.images.blending import blend
from src.images.files import ImageError, read_gray
from src.images.preprocessing import alpha_to_float, normalise_rgb, resize
from src.images.trimap import draw_trimap_sides, soft_trimap


class _View(NamedTuple):
    """How a sample shows its frame, and in the same way the frame before."""

    part: Augmentation
    light: Light | None
    size: int

    def alpha(self, alpha: np.ndarray) -> np.ndarray:
        """Of an alpha (H, W) uint8: (S, S) uint8."""
        return self.part.apply_to_one(alpha, self.size)

    def image(self, frame: TrainingFrame) -> np.ndarray:
        """Of a frame: the column, (3, S, S) float32."""
        image = self.part.apply_to_one(frame.image, self.size)
        if frame.behind is not None:
            behind = self.part.apply_to_one(frame.behind, self.size)
            image = blend(image, behind, self.alpha(frame.alpha))
        if self.light and self.light.is_behind:
            image = self.light.shine_behind(image, self.alpha(frame.alpha))
        elif self.light:
            image = self.light.shine(image)
        return normalise_rgb(image)

    def known(self, frame: TrainingFrame) -> np.ndarray:
        """Of a frame: the column, (1, S, S) float32."""
        if frame.known is None:
            return np.ones((1, self.size, self.size), np.float32)
        return (self.alpha(255 * frame.known.astype(np.uint8)) == 255)[np.newaxis].astype(np.float32)


class ModnetSamples(Samples):
    """The samples of one split.

    Args:
        files: the split.
        columns: what a sample holds, in order; see above.
        settings: the others of `Samples`. In validation, the previous alpha is that of a first frame, empty.
    """

    def __init__(self, files: SplitFiles | SplitFrames, columns: Sequence[str], **settings: Any):
        super().__init__(files, **settings)
        self.columns = tuple(columns)

    def sample(self, index: int, epoch: int = 0) -> tuple[np.ndarray, ...]:
        """Sample `index` as `epoch` sees it, an array for each column.

        Raises:
            UserError: a file cannot be read, or has another size than its photo.
        """
        rng = np.random.default_rng((self._seed, epoch, index))
        frame = self._read_frame(index, epoch)
        view = self._draw_view(rng, *frame.alpha.shape)
        sides = draw_trimap_sides(rng, self._patch_size)
        before = self._before(index)
        way: Way = "empty"
        if "previous" in self.columns and self._augments:
            can_leave = frame.behind is not None
            way = draw_way(rng, has_before=before is not None, can_leave=can_leave)
        alpha = true_alpha = alpha_to_float(view.alpha(frame.alpha))
        if way == "left":
            frame = frame._replace(alpha=np.zeros_like(frame.alpha))
            alpha = np.zeros_like(true_alpha)
        made = {
            "image": view.image(frame),
            "alpha": alpha[np.newaxis],
            "trimap": (soft_trimap(alpha, *sides) if frame.known is None else alpha)[np.newaxis],
            "known": view.known(frame),
        }
        if "previous" in self.columns:
            if way in ("kept", "disturbed", "left") and before not in (None, index):
                true_alpha = alpha_to_float(view.alpha(self._read_alpha(before)))
            made["previous"] = self._previous(rng, way, true_alpha)[np.newaxis]
        if "image_before" in self.columns:
            is_same = before in (None, index)
            made["image_before"] = made["image"] if is_same else view.image(self._read_frame(before, epoch))
        return tuple(made[name] for name in self.columns)

    def _draw_view(self, rng: np.random.Generator, height: int, width: int) -> _View:
        size = self._patch_size
        if not self._augments:
            return _View(Augmentation(0, 0, height, width, False, False), None, size)
        return _View(draw_augmentation(rng, height, width, size, vertical_flip=False), draw_light(rng), size)

    def _previous(self, rng: np.random.Generator, way: Way, before: np.ndarray) -> np.ndarray:
        def other() -> np.ndarray:
            try:
                drawn = self._read_alpha(int(rng.integers(len(self))))
            except ImageError:  # which is told of where that sample is read itself
                return np.zeros_like(before)
            return alpha_to_float(resize(drawn, *before.shape))

        return previous_alpha(rng, way, before, other)

    @abstractmethod
    def _read_frame(self, index: int, epoch: int) -> TrainingFrame:
        """Read a frame, as an epoch sees it."""

    @abstractmethod
    def _read_alpha(self, index: int) -> np.ndarray:
        """Read an alpha, (H, W) uint8."""

    @abstractmethod
    def _before(self, index: int) -> int | None:
        """The sample that shows the frame before, None if there is none."""


class StillSamples(ModnetSamples):
    """Photos of the data set of SHM."""

    files: SplitFiles

    def _read_frame(self, index: int, epoch: int) -> TrainingFrame:
        image, _, alpha = self._read(index)
        return TrainingFrame(image, alpha)

    def _read_alpha(self, index: int) -> np.ndarray:
        return read_gray(self.files.alpha(index))

    def _before(self, index: int) -> int:
        return index


class ClipSamples(ModnetSamples):
    """Frames of clips with alpha."""

    files: SplitFrames

    def picture(self, index: int) -> np.ndarray:
        """The frame of a sample, as validation sees it."""
        frame = self._read_frame(index, 0)
        return frame.image if frame.behind is None else blend(frame.image, frame.behind, frame.alpha)

    def _read_frame(self, index: int, epoch: int) -> TrainingFrame:
        return self.files.frame(index, self._seed, epoch)

    def _read_alpha(self, index: int) -> np.ndarray:
        return self.files.alpha(index)

    def _before(self, index: int) -> int | None:
        return self.files.before(index)
