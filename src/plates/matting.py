"""Alpha and foreground colours from a photo and its plate, with a model of Background Matting V2."""

from typing import NamedTuple

import cv2
import numpy as np

from src.engines.plate_interface import PlateEngine, Size
from src.images.foreground import estimate_foreground
from src.images.preprocessing import alpha_to_bytes
from src.inference.guided_filter import guided_filter


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
        prepared = prepare(photo, plate, self._engine.room(*photo.shape[:2]))
        return finish(photo, prepared, *self._engine.run(*prepared.inputs))


class Prepared(NamedTuple):
    """A photo and its plate, ready for a model."""

    inputs: tuple[np.ndarray, np.ndarray]  # (1, 3, H, W) float32
    height: int  # of the photo in them, or of its smaller copy; the rest repeats its borders
    width: int


def prepare(photo: np.ndarray, plate: np.ndarray, room: Size) -> Prepared:
    """The inputs of a model; of a photo that does not fit into `room`, a smaller copy's.

    Args:
        photo: BGR (H, W, 3) uint8.
        plate: of the same size.
        room: the size of the model's inputs.
    """
    height, width = photo.shape[:2]
    if height > room[0] or width > room[1]:
        scale = min(room[0] / height, room[1] / width)
        height, width = max(1, int(height * scale)), max(1, int(width * scale))
        photo, plate = (
            cv2.resize(each, (width, height), interpolation=cv2.INTER_AREA) for each in (photo, plate)
        )
    return Prepared((_as_input(photo, room), _as_input(plate, room)), height, width)


def finish(
    photo: np.ndarray, prepared: Prepared, alpha: np.ndarray, foreground: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Alpha and foreground as `PlateMatting.predict` returns them, from a model's outputs.

    Alpha of a smaller copy is enlarged along the photo's edges, and colours are estimated.
    """
    inside = slice(prepared.height), slice(prepared.width)
    own = alpha[0, 0][inside]
    if own.shape == photo.shape[:2]:
        return own, alpha_to_bytes(foreground[0, ::-1].transpose(1, 2, 0)[inside])
    enlarged = guided_filter(photo, own)
    return enlarged, estimate_foreground(photo, alpha_to_bytes(enlarged))


def _as_input(image: np.ndarray, size: Size) -> np.ndarray:
    """BGR (H, W, 3) uint8 to RGB (1, 3, H', W') float32 in [0, 1] of a size, by repeating its borders."""
    margins = [(0, side - own) for side, own in zip(size, image.shape[:2], strict=True)]
    padded = np.pad(image[..., ::-1], [*margins, (0, 0)], "edge")
    channels = np.ascontiguousarray(padded.transpose(2, 0, 1)[np.newaxis])
    return channels.astype(np.float32) / 255
