"""From the network's alpha of a photo or frame to the pictures that people want."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from src.images.files import ImageError, Photo
from src.images.foreground import estimate_foreground
from src.images.preprocessing import alpha_to_bytes
from src.inference.background import Background
from src.inference.matting import Matting


@contextlib.contextmanager
def naming_failures(source: Path) -> Iterator[None]:
    """Make what goes wrong with a photo or video too large or odd an ImageError that names it."""
    try:
        yield
    except (cv2.error, MemoryError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error) else "not enough memory"
        raise ImageError(f"{source}: cannot be matted: {reason}") from error


@dataclass(frozen=True)
class CutoutMaker:
    """How people are cut out.

    Args:
        matting: makes alpha.
        background: comes behind the person.
        estimates_foreground: whether the old background's colours are taken out of the person's rim.
        overwrite: whether results that are there are made again.
    """

    matting: Matting
    background: Background
    estimates_foreground: bool = True
    overwrite: bool = False

    def alpha(self, image: np.ndarray, pred_alpha: np.ndarray) -> np.ndarray:
        """The alpha of `Matting.predict` at the image's size, (H, W) uint8."""
        return alpha_to_bytes(self.matting.upsample(image, pred_alpha))

    def cut_out(self, photo: Photo, pred_alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Alpha and picture of a photo, from the alpha of `Matting.predict`.

        Where the photo has alpha itself, that is the most that comes of it, and what is clear has no colour.
        """
        seen = photo.seen()
        alpha = self.alpha(seen, pred_alpha)
        if photo.alpha is None:
            return alpha, self.picture(seen, alpha)
        alpha = np.minimum(alpha, photo.alpha)
        foreground = estimate_foreground(seen, alpha) if self.estimates_foreground else photo.colours
        foreground = np.where(alpha[..., np.newaxis] > 0, foreground, np.uint8(0))
        return alpha, self.background.behind(seen, alpha, foreground)

    def picture(self, image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        """The person before the background: BGR uint8, or BGRA where that is transparent."""
        foreground = estimate_foreground(image, alpha) if self.estimates_foreground else image
        return self.background.behind(image, alpha, foreground)
