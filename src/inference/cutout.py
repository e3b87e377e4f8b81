"""Makes alpha and cutouts at full size from the network's alpha for a photo or frame."""

import contextlib
from collections.abc import Callable, Iterator
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
    """Name the photo or video in errors that arise while matting it.

    Raises:
        ImageError: OpenCV failed, or there was not enough memory.
    """
    try:
        yield
    except (cv2.error, MemoryError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error) else "not enough memory"
        raise ImageError(f"{source}: cannot be matted: {reason}") from error


def within(
    photo: Photo, alpha: np.ndarray, colours: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Alpha (H, W) uint8 that nowhere exceeds the photo's own, if it has one, and the colours for it.

    Args:
        photo: what was matted.
        alpha: its alpha.
        colours: the foreground (H, W, 3) uint8 for an alpha; where the photo has alpha and the result is 0,
            black takes its place, so that what the photo hides stays hidden.
    """
    if photo.alpha is None:
        return alpha, colours(alpha)
    alpha = np.minimum(alpha, photo.alpha)
    return alpha, np.where(alpha[..., np.newaxis] > 0, colours(alpha), np.uint8(0))


@dataclass(frozen=True)
class CutoutMaker:
    """Cuts people out of photos and frames.

    Args:
        matting: predicts alpha.
        background: replaces the old background.
        estimates_foreground: whether the colours of the old background are removed from soft edges.
        foreground_scale: of `estimate_foreground`: less than 1 is faster, and removes somewhat less.
    """

    matting: Matting
    background: Background
    estimates_foreground: bool = True
    foreground_scale: float = 1

    def alpha(
        self, image: np.ndarray, pred_alpha: np.ndarray, shrunk: np.ndarray | None = None
    ) -> np.ndarray:
        """Resize the alpha of `Matting.predict` to the image's size, (H, W) uint8; see `Matting.upsample`."""
        return alpha_to_bytes(self.matting.upsample(image, pred_alpha, shrunk))

    def cut_out(self, photo: Photo, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cut out the person in a photo, given alpha (H, W) uint8 of the photo over a plain colour.

        Returns:
            Alpha and foreground as `within` the photo's own, the latter as in `picture`.
        """
        seen = photo.seen()

        def colours(alpha: np.ndarray) -> np.ndarray:
            return self._colours(seen, alpha) if self.estimates_foreground else photo.colours

        alpha, foreground = within(photo, alpha, colours)
        return alpha, self.background.behind(seen, alpha, foreground)

    def picture(self, image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        """The person over the background: BGR (H, W, 3) uint8, or BGRA (H, W, 4) if that is transparent."""
        foreground = self._colours(image, alpha) if self.estimates_foreground else image
        return self.background.behind(image, alpha, foreground)

    def _colours(self, image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        return estimate_foreground(image, alpha, self.foreground_scale)
