"""Samples of Background Matting V2 for train.py, which carry the values that dropout keeps."""

from math import ceil
from typing import Any

import numpy as np

from src.composites.plate_samples import PlateSamples
from src.data.plate_files import PlateFiles
from src.model.background_matting import aspp

_STRIDE = 16  # of the backbone


class SamplesWithDropout(PlateSamples):
    """The samples of one split.

    Args:
        files: the split.
        patch_size: height and width of a sample.
        backbone_scale: size of what the backbone sees, relative to the sample.
        settings: the others of `PlateSamples`.
    """

    columns = (*PlateSamples.columns, "kept")

    def __init__(self, files: PlateFiles, *, patch_size: int, backbone_scale: float, **settings: Any):
        super().__init__(files, patch_size=patch_size, **settings)
        self._feature_side = ceil(int(patch_size * backbone_scale) / _STRIDE)

    def _make(self, rng: np.random.Generator, index: int) -> tuple[np.ndarray, ...]:
        arrays = super()._make(rng, index)
        side = self._feature_side
        kept = rng.random((aspp.CHANNELS, side, side), np.float32) >= aspp.DROPOUT
        return (*arrays, kept.astype(np.uint8))
