"""Backgrounds of clips: stills, some of them moving, and videos at other speeds, also backwards."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from src.clips.motion import Motion, draw_motion
from src.clips.video_frames import VideoFrames
from src.common.byte_cache import ByteCache
from src.common.errors import UserError
from src.composites.backgrounds import draw_usable
from src.composites.framing import Frame, draw_frame
from src.images.files import read_image
from src.videos.kinds import VIDEO_SUFFIXES

_VIDEOS = 0.5  # share of the clips, if there are videos
_MOVING = 1 / 3  # share of the stills
_SPEEDS = (0.5, 5.0)


class Background(Protocol):
    """What lies behind a person."""

    def at(self, times: Sequence[int], count: int) -> list[np.ndarray]:
        """Frames of a clip of `count`, each BGR (H, W, 3) uint8; ImageError where one cannot be read."""


class Still(NamedTuple):
    """A photo, which may move."""

    image: np.ndarray  # BGR (H, W, 3) uint8
    motion: Motion | None

    def at(self, times: Sequence[int], count: int) -> list[np.ndarray]:
        if self.motion is None:
            return [self.image] * len(times)
        places = (self.motion.places(time / (count - 1), *self.image.shape[:2]) for time in times)
        ways = {"interpolation": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REFLECT_101}
        return [cv2.remap(self.image, each, None, **ways) for each in places]


class Played(NamedTuple):
    """A part of a video; where it is too short, it goes to and fro."""

    video: VideoFrames
    start: float  # frame at time 0
    speed: float  # frames for each frame of the clip; below 0: backwards
    frame: Frame
    size: tuple[int, int]  # height and width in pixels

    def at(self, times: Sequence[int], count: int) -> list[np.ndarray]:
        frames = self.video.read([self.number(time) for time in times])
        return [self.frame.show(each, self.size) for each in frames]

    def number(self, time: int) -> int:
        """The video's frame at a time."""
        last = len(self.video) - 1
        return round(last - abs((self.start + self.speed * time) % (2 * last) - last)) if last else 0


class Backgrounds(NamedTuple):
    """Where backgrounds are drawn from."""

    photos: tuple[Path, ...]
    videos: tuple[Path, ...]

    @classmethod
    def of(cls, files: Sequence[Path]) -> "Backgrounds":
        """Photos and videos, told apart by their suffixes."""
        kinds = ([], [])
        for file in files:
            kinds[file.suffix.lower() in VIDEO_SUFFIXES].append(file)
        return cls(*map(tuple, kinds))

    def draw(
        self, rng: np.random.Generator, size: tuple[int, int], count: int, problems: list[str]
    ) -> Background:
        """Draw a background; where a file cannot be read, that is told, and the next one takes its place.

        Args:
            rng: source of randomness.
            size: height and width in pixels.
            count: frames of the clip.
            problems: is told of each file that cannot be read.

        Raises:
            UserError: none can be read.
        """
        plays = bool(self.videos) and (not self.photos or rng.random() < _VIDEOS)
        kinds = [(self.videos, _play), (self.photos, _show)]
        (files, show), (others, show_other) = kinds if plays else kinds[::-1]
        try:
            return draw_usable(rng, files, lambda path: show(rng, path, size, count), problems)
        except UserError:
            if not others:
                raise
            return draw_usable(rng, others, lambda path: show_other(rng, path, size, count), problems)


def _show(rng: np.random.Generator, path: Path, size: tuple[int, int], count: int) -> Still:
    photo = _read_photo(path)
    shown = draw_frame(rng, photo.shape, size).show(photo, size)
    return Still(shown, draw_motion(rng) if rng.random() < _MOVING else None)


def _play(rng: np.random.Generator, path: Path, size: tuple[int, int], count: int) -> Played:
    video = _open_video(path)
    speed = rng.uniform(*_SPEEDS)
    start = rng.uniform(0, max(0, len(video) - 1 - speed * (count - 1)))
    if rng.random() < 0.5:
        start, speed = start + speed * (count - 1), -speed
    return Played(video, start, speed, draw_frame(rng, video.size, size), size)


_MOST_BYTES = 1 << 28  # of photos that are remembered, in each process

_read_photo = ByteCache(read_image, _MOST_BYTES)
_open_video = functools.lru_cache(maxsize=256)(VideoFrames)
