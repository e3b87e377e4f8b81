"""Reads a camera of this machine, by Video4Linux."""

import contextlib
import errno
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Event

import av
import av.error
from av.container import InputContainer

from src.common.errors import UserError
from src.live.live_frame import Taken
from src.videos.coding import Coding

_PATIENCE = 5.0  # seconds; slow exposures take less than one
_REMEDIES = {
    errno.EACCES: "no permission; add yourself to its group: sudo usermod -aG video $USER, then log in again",
    errno.EBUSY: "another program uses it; end that one",
    errno.ENOTTY: "is no camera",
}


class CameraError(UserError):
    """A camera that cannot be used, or no longer."""


def named_cameras() -> str:
    """A hint which cameras there are."""
    found = sorted(map(str, Path("/dev").glob("video*")))
    return f"cameras here: {', '.join(found)}" if found else "this machine has no camera (/dev/video*)"


class Camera:
    """A camera, with the size and rate that its driver prefers.

    Args:
        device: such as /dev/video0.

    Raises:
        CameraError: it is no camera, or may not be used.
    """

    patience = _PATIENCE

    def __init__(self, device: Path):
        self._device = device
        try:
            self._container = _open(device)
        except (av.error.FFmpegError, OSError) as error:
            reason = _REMEDIES.get(error.errno, error.strerror)
            raise CameraError(f"{device}: {reason or 'cannot be used as a camera'}") from None

    def frames(self, stop: Event) -> Iterator[Taken]:
        """The frames from now on, until `stop` is set.

        Raises:
            CameraError: the camera has gone.
        """
        reason = None
        try:
            for packet in self._container.demux(video=0):
                if stop.is_set():
                    return
                taken = time.perf_counter()
                with contextlib.suppress(av.error.InvalidDataError):  # a webcam's first one often is
                    for frame in packet.decode():
                        size = frame.height, frame.width
                        picture = partial(Coding.of(frame).to_bgr, frame, *size, quick=True)
                        yield Taken(picture, time.monotonic(), taken, time.perf_counter() - taken)
        except (av.error.FFmpegError, OSError) as error:
            reason = error.strerror
        if not stop.is_set():
            raise gone(self._device, reason)

    def close(self) -> None:
        """Let go of it; not while a thread waits for a frame."""
        self._container.close()


def gone(device: Path | str, reason: str | None = None) -> CameraError:
    """The error for a camera that gives no more frames."""
    return CameraError(f"{device}: the camera has gone{f' ({reason})' if reason else ''}; plug it in again")


def _open(device: Path) -> InputContainer:
    return av.open(str(device), format="video4linux2")
