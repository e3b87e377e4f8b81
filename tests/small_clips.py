"""Small clips in every layout, for tests."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

HEIGHT, WIDTH = 32, 48


def frame(number: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Smooth colours, BGR (H, W, 3) uint8, whose mean tells the number, up to 19."""
    coarse = np.random.default_rng(number).integers(-15, 16, (3, 4, 3))
    return cv2.resize(
        (30 + 10 * number + coarse - coarse.mean().round()).clip(0, 255).astype(np.uint8), (width, height)
    )


def number_of(image: np.ndarray) -> int:
    """The number that the mean of such a frame, (H, W, 3) uint8, tells."""
    return round((float(image.mean()) - 30) / 10)


def alpha(number: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A soft-edged upright bar that moves by a pixel a frame, (H, W) uint8."""
    columns = np.arange(width) - 10 - number
    row = np.clip(128 + 60 * (6 - np.abs(columns - 6)), 0, 255).astype(np.uint8)
    return np.tile(row, (height, 1))


def write(path: Path, image: np.ndarray) -> Path:
    """Write an image, and the folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 98])
    return path


def write_frames(folder: Path, numbers: Sequence[int], form: str = "{:04d}.png", make=frame) -> None:
    """Write frames or alphas, named by a format."""
    for number in numbers:
        write(folder / form.format(number), make(number))


def write_mp4(path: Path, pictures: Sequence[np.ndarray], keyframes: int = 8) -> Path:
    """Write an H.264 video at 25 frames a second, whose index lies at its beginning."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"movflags": "faststart"}
    with av.open(str(path), "w", options=options) as file:
        stream = file.add_stream("libx264", 25, {"crf": "5", "g": str(keyframes), "bf": "2"})
        stream.height, stream.width, stream.pix_fmt = *pictures[0].shape[:2], "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25)
        for number, picture in enumerate(pictures):
            shown = av.VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "bgr24")
            shown.pts = number
            file.mux(stream.encode(shown))
        file.mux(stream.encode(None))
    return path


def cut_off(path: Path, share: float = 0.6) -> None:
    """Leave only the beginning of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
