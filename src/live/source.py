"""Where live frames come from: a camera, or a video that plays as one."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Protocol

from src.common.errors import UserError
from src.live.camera import Camera, CameraError, named_cameras
from src.live.live_frame import Taken
from src.live.played_file import PlayedFile


class Source(Protocol):
    """Gives frames at its own pace."""

    patience: (
        float | None
    )  # seconds without a frame after which it counts as gone; None: it may take its time

    def frames(self, stop: Event) -> Iterator[Taken]:
        """The frames from now on, until `stop` is set or the source ends."""

    def close(self) -> None:
        """Let go of it; not while a thread waits for a frame."""


def open_source(name: str) -> Source:
    """Open a camera or a video.

    Args:
        name: a camera's number or device, such as '0' or '/dev/video0', or a video's path.

    Raises:
        UserError: there is no such camera or video, or it cannot be used.
    """
    path = Path(f"/dev/video{name}") if name.isdecimal() else Path(name)
    if path.is_char_device():
        return Camera(path)
    if path.is_file():
        return PlayedFile(path)
    if name.isdecimal():
        raise CameraError(f"{path}: no such camera; {named_cameras()}")
    raise UserError(f"{path}: neither a camera nor a video; {named_cameras()}")
