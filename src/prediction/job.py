"""A photo or video to be matted, and the names of its results."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.images.files import write_image
from src.prediction.results import ALPHA, COMPOSITE, CUTOUT, PHOTO_ENDING, VIDEO_ENDING
from src.videos.kinds import is_video


class Job(NamedTuple):
    """A photo or video, and its results' path without ending, such as mattes/photo."""

    source: Path
    target: Path

    @property
    def is_video(self) -> bool:
        """Whether the source is a video."""
        return is_video(self.source)

    def results(self, is_transparent: bool) -> list[Path]:
        """The files that come of it: alpha, then the person before a background.

        Videos cannot be transparent: where the background is, alpha is all that comes of them.
        """
        kinds = [ALPHA, CUTOUT if is_transparent else COMPOSITE]
        if self.is_video:
            kinds = [kind for kind in kinds if kind != CUTOUT]
        suffix = VIDEO_ENDING if self.is_video else PHOTO_ENDING
        return [self.target.with_name(f"{self.target.name}{kind}{suffix}") for kind in kinds]

    def write(self, pictures: Sequence[np.ndarray], is_transparent: bool, overwrite: bool) -> None:
        """Write the pictures of a photo, one for each of `results`, as far as they are `missing`.

        Raises:
            UserError: one cannot be written.
        """
        missing = self.missing(is_transparent, overwrite)
        for path, picture in zip(self.results(is_transparent), pictures, strict=True):
            if path in missing:
                write_image(path, picture)

    def missing(self, is_transparent: bool, overwrite: bool) -> list[Path]:
        """The results that are to be written: those that are not there, or all."""
        return lacking(self.results(is_transparent), overwrite)


def lacking(paths: Iterable[Path], overwrite: bool) -> list[Path]:
    """Those of some results that are to be written: those that are not there, or all."""
    return [path for path in paths if overwrite or not path.exists()]
