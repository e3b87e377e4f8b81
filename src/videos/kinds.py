"""Which files are photos and which are videos: by their suffixes, and where those are unknown, by content."""

import contextlib
import functools
from pathlib import Path

from PIL import Image

from src.images.suffixes import PHOTO_SUFFIXES

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".f4v", ".mkv", ".mk3d", ".webm", ".avi", ".divx"),
    *(".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".mpv", ".vob", ".ts", ".m2ts", ".mts", ".m2t", ".tod"),
    *(".flv", ".wmv", ".asf", ".ogv", ".ogm", ".mxf", ".dv", ".rm", ".rmvb", ".wtv", ".nut", ".ivf", ".y4m"),
    *(".mjpg", ".mjpeg", ".h264", ".264", ".avc", ".h265", ".265", ".hevc", ".obu", ".amv", ".nsv", ".gxf"),
)
# Of libavformat: others are taken for videos too easily, such as text.
_FORMATS = {"mov", "matroska", "avi", "flv", "mpegts", "mpeg", "asf", "ogg", "mxf", "nut", "rm", "wtv"}


def has_known_suffix(path: Path) -> bool:
    """Whether a file's name tells its kind."""
    return path.suffix.lower() in PHOTO_SUFFIXES + VIDEO_SUFFIXES


def is_video(path: Path) -> bool:
    """Whether a file is a video, by its suffix if that is known."""
    if has_known_suffix(path):
        return path.suffix.lower() in VIDEO_SUFFIXES
    return not _holds_photo(path) and _holds_video(path)


def is_unknown(path: Path) -> bool:
    """Whether a file is neither photo nor video."""
    return not has_known_suffix(path) and not _holds_photo(path) and not _holds_video(path)


@functools.lru_cache(maxsize=1024)
def _holds_photo(path: Path) -> bool:
    with contextlib.suppress(Exception), Image.open(path):  # Pillow's plugins raise many kinds
        return True
    return False


@functools.lru_cache(maxsize=1024)
def _holds_video(path: Path) -> bool:
    with contextlib.suppress(ImportError):
        import av  # not for photos

        with contextlib.suppress(av.error.FFmpegError, OSError), av.open(str(path.absolute())) as file:
            return bool(file.streams.video) and not _FORMATS.isdisjoint(file.format.name.split(","))
    return False
