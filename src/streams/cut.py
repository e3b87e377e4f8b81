"""Finds cuts in a video: two frames in a row that show different scenes."""

from typing import NamedTuple

import cv2
import numpy as np

_SIZE = (64, 36)  # width and height, to which frames are reduced
_BINS = 16
_MOST_DIFFERENCE = 28.0  # of 255; fast motion gives at most 18
_LEAST_COMMON = 0.90  # of the histograms; fast motion leaves at least 0.947


class Glance(NamedTuple):
    """What is remembered of a frame to find out whether the next one belongs to the same scene."""

    picture: np.ndarray  # (36, 64, 3) float32, 0..255
    histogram: np.ndarray  # (16,) shares of the pixels, by luma

    @classmethod
    def of(cls, image: np.ndarray) -> "Glance":
        """That of a frame, BGR (H, W, 3) uint8."""
        small = cv2.resize(image, _SIZE, interpolation=cv2.INTER_AREA)
        luma = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        counts = np.bincount(luma.ravel() // (256 // _BINS), minlength=_BINS)
        return cls(small.astype(np.float32), counts / luma.size)

    def difference(self, other: "Glance") -> float:
        """The mean absolute difference of the pictures, 0..255."""
        return float(np.abs(self.picture - other.picture).mean())

    def in_common(self, other: "Glance") -> float:
        """The intersection of the histograms, 0..1."""
        return float(np.minimum(self.histogram, other.histogram).sum())


def is_cut(before: Glance, after: Glance) -> bool:
    """Whether there is a cut between two frames: both their pixels and their histograms differ much."""
    return before.difference(after) > _MOST_DIFFERENCE and before.in_common(after) < _LEAST_COMMON
