"""Small videos for tests."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np


def write_video(path: Path, frames: list[np.ndarray], rate: float = 12) -> Path:
    """Write frames (H, W, 3) uint8 BGR at a constant rate."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, frames[0].shape[1::-1])
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def write_timed_video(
    path: Path, frames: list[np.ndarray], times: Sequence[int], codec: str = "mpeg4"
) -> Path:
    """Write frames that are shown from these milliseconds on, as telephones and screen recorders do."""
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, width=width, height=height, pix_fmt="yuv420p")
        stream.codec_context.time_base = Fraction(1, 1000)
        for image, time in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def read_video(path: Path) -> list[np.ndarray]:
    """All frames of a video."""
    reader = cv2.VideoCapture(str(path))
    frames = []
    while (frame := reader.read()[1]) is not None:
        frames.append(frame)
    return frames
