"""Motion of a still picture: from one pose to another, turned, shifted, scaled, sheared and bent."""

from typing import NamedTuple

import cv2
import numpy as np

from src.clips.easing import Easing, draw_easing
from src.clips.spline import POINTS, bending
from src.images.affine import Affine, AffineRanges

_RANGES = AffineRanges(rotation=10, shear=5, scale=(0.9, 1.1), shift=0.1)
_BEND = 0.02  # standard deviation of the spline's shifts, relative to the side


class Pose(NamedTuple):
    """A place and shape that a picture takes."""

    affine: Affine
    bend: np.ndarray  # (4, 4, 2) shifts of the spline's points, relative to width and height

    def mixed(self, other: "Pose", share: float) -> "Pose":
        """The pose a share of the way to another one."""
        ours, theirs = ((*each.affine[:3], *each.affine.shift) for each in (self, other))
        *changes, x, y = (a + share * (b - a) for a, b in zip(ours, theirs, strict=True))
        return Pose(Affine(*changes, (x, y)), self.bend + share * (other.bend - self.bend))

    def places(self, height: int, width: int) -> np.ndarray:
        """For each pixel of the picture in this pose, the (x, y) that it shows: (H, W, 2) float32."""
        inverse = cv2.invertAffineTransform(self.affine.matrix(height, width)).astype(np.float32)
        across, down = (np.arange(side, dtype=np.float32) for side in (width, height))
        places = bending(self.bend * (width, height), height, width)
        for axis, (by_column, by_row, offset) in enumerate(inverse):
            places[..., axis] += by_column * across + offset
            places[..., axis] += by_row * down[:, np.newaxis]
        return places


class Motion(NamedTuple):
    """A way from one pose to another."""

    start: Pose
    end: Pose
    easing: Easing

    def places(self, time: float, height: int, width: int) -> np.ndarray:
        """As `Pose.places`, when a share `time` of the clip has passed."""
        return self.start.mixed(self.end, self.easing(time)).places(height, width)


def draw_motion(rng: np.random.Generator) -> Motion:
    """Draw a motion."""
    return Motion(_draw_pose(rng), _draw_pose(rng), draw_easing(rng))


def _draw_pose(rng: np.random.Generator) -> Pose:
    return Pose(_RANGES.draw(rng), rng.normal(0, _BEND, (POINTS, POINTS, 2)))
