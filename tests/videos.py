"""Small videos for tests."""

import contextlib
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


def sound(path: Path, track: int = 0) -> tuple[np.ndarray, int]:
    """A sound track from the clock's 0 on, (N,) float in [-1, 1], and its samples a second."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[track]
        frames = []
        for packet in file.demux(stream):
            with contextlib.suppress(av.error.InvalidDataError):  # as players do, go on after a damaged one
                frames += [frame for frame in packet.decode() if frame.pts is not None]
    rate = frames[0].sample_rate
    starts = [max(0, round(frame.pts * frame.time_base * rate)) for frame in frames]
    heard = np.zeros(starts[-1] + frames[-1].samples)
    for start, frame in zip(starts, frames, strict=True):
        samples = frame.to_ndarray()
        samples = samples if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels).T
        middle, scale = (128, 128) if samples.dtype == np.uint8 else (0, 1)
        scale = np.iinfo(samples.dtype).max if samples.dtype in (np.int16, np.int32) else scale
        heard[start : start + frame.samples] = (samples[0].astype(float) - middle) / scale
    return heard, rate
