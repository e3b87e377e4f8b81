"""Small videos for tests."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="needs ffmpeg, which is not on the PATH"
)


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
    """All frames of a video, by OpenCV, which knows neither turns nor tags of colours."""
    reader = cv2.VideoCapture(str(path))
    frames = []
    while (frame := reader.read()[1]) is not None:
        frames.append(frame)
    return frames


def ffmpeg(*arguments: object, cwd: Path | None = None) -> None:
    """Run the program, which overwrites files."""
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, cwd=cwd)


def shown_by_ffmpeg(path: Path) -> np.ndarray:
    """A video's first frame as ffmpeg shows it: (H, W, 3) uint8, BGR, turned, its pixels not stretched."""
    picture = ["-frames:v", "1", "-pix_fmt", "rgb24", "-f", "image2pipe", "-c:v", "ppm", "-"]
    found = subprocess.run(["ffmpeg", "-v", "error", "-i", path, *picture], capture_output=True, check=True)
    return cv2.imdecode(np.frombuffer(found.stdout, np.uint8), cv2.IMREAD_COLOR)


def tracks(path: Path) -> list[dict]:
    """What ffprobe says of a video's tracks."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", path]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]


def frame_times(path: Path) -> list[float]:
    """When each frame is shown, in seconds."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time"]
    found = subprocess.run([*command, "-of", "csv=p=0", path], capture_output=True, check=True, text=True)
    return [float(line.strip(",")) for line in found.stdout.split()]


def sound(path: Path, track: int = 0, rate: int = 8000) -> np.ndarray:
    """A sound track as it is heard, from the picture's clock 0 on, (N,) float in [-1, 1]."""
    filters = ["-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", rate, "-f", "s16le", "-"]
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", f"0:a:{track}", *map(str, filters)]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.int16) / 32768
