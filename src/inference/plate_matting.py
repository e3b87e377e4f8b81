"""Alpha and foreground colours from a photo and its plate, with a model of Background Matting V2."""

from typing import NamedTuple

import cv2
import numpy as np

from src.images.foreground import estimate_foreground
from src.images.preprocessing import alpha_to_bytes
from src.inference.guided_filter import guided_filter
from src.inference.plate_engine import PlateEngine, Size


class PlateMatte(NamedTuple):
    """What comes of a photo and its plate."""

    alpha: np.ndarray  # (H, W) uint8
    foreground: np.ndarray  # the person's own colours, BGR (H, W, 3) uint8


class PlateMatting:
    """Mattes photos at their own size, or on smaller copies where the model takes none so large.

    Args:
        engine: runs the model.
    """

    def __init__(self, engine: PlateEngine):
        self._engine = engine

    def shrinks(self, photo: np.ndarray) -> bool:
        """Whether a photo (H, W, 3) is larger than what the model takes."""
        height, width = photo.shape[:2]
        room = self._engine.room(height, width)
        return height > room[0] or width > room[1]

    def matte(self, photo: np.ndarray, plate: np.ndarray) -> PlateMatte:
        """As `predict`, with alpha (H, W) uint8."""
        alpha, foreground = self.predict(photo, plate)
        return PlateMatte(alpha_to_bytes(alpha), foreground)

    def predict(self, photo: np.ndarray, plate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Matte a photo.

        Args:
            photo: BGR (H, W, 3) uint8.
            plate: of the same size.

        Returns:
            Alpha (H, W) float32 in [0, 1], and the foreground, BGR (H, W, 3) uint8.

        Raises:
            UserError: the model's output has NaN or infinite values.
        """
        height, width = photo.shape[:2]
        room = self._engine.room(height, width)
        if height <= room[0] and width <= room[1]:
            return self._run(photo, plate, room)
        scale = min(room[0] / height, room[1] / width)
        size = max(1, int(width * scale)), max(1, int(height * scale))
        smaller = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (photo, plate))
        small_alpha, _ = self._run(*smaller, room)
        alpha = guided_filter(photo, small_alpha)
        return alpha, estimate_foreground(photo, alpha_to_bytes(alpha))

    def _run(self, photo: np.ndarray, plate: np.ndarray, room: Size) -> tuple[np.ndarray, np.ndarray]:
        """Alpha (H, W) in [0, 1] and colours BGR (H, W, 3) uint8 of a photo that fits into `room`."""
        height, width = photo.shape[:2]
        outputs = self._engine.run(_as_input(photo, room), _as_input(plate, room))
        alpha, colours = (each[0, :, :height, :width] for each in outputs)
        return alpha[0], alpha_to_bytes(colours[::-1].transpose(1, 2, 0))


def _as_input(image: np.ndarray, size: Size) -> np.ndarray:
    """BGR (H, W, 3) uint8 to RGB (1, 3, H', W') float32 in [0, 1] of a size, by repeating its borders."""
    margins = [(0, side - own) for side, own in zip(size, image.shape[:2], strict=True)]
    padded = np.pad(image[..., ::-1], [*margins, (0, 0)], "edge")
    channels = np.ascontiguousarray(padded.transpose(2, 0, 1)[np.newaxis])
    return channels.astype(np.float32) / 255
