"""Shows pictures in a browser of this machine, as MJPEG."""

import threading
from typing import NamedTuple

import cv2
import numpy as np

from src.common.loopback import LoopbackHandler, LoopbackServer

_QUALITY = 90
_PART = b"--picture\r\nContent-Type: image/jpeg\r\n\r\n"  # what goes before each picture
_PAGE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Live matting</title>
<style>
  body { margin: 0; height: 100vh; display: grid; place-items: center; background: #222 }
  img { max-width: 100%; max-height: 100vh }
</style>
<img id="picture" src="/stream" alt="camera and composite, side by side">
</html>
"""


class _Numbered(NamedTuple):
    number: int
    jpeg: bytes


class _Latest:
    """The latest picture; each viewer waits for the next one at its own pace."""

    def __init__(self):
        self._picture = _Numbered(0, b"")
        self._closed = False
        self._changed = threading.Condition()

    def put(self, jpeg: bytes) -> None:
        with self._changed:
            self._picture = _Numbered(self._picture.number + 1, jpeg)
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def after(self, number: int) -> _Numbered | None:
        """The latest picture once it is another than that of this number; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._picture.number != number)
            return None if self._closed else self._picture


class _Handler(LoopbackHandler):
    server: "Preview"

    def do_GET(self) -> None:  # noqa: N802 - named by http.server
        if self.path == "/":
            self.begin("text/html; charset=utf-8")
            self.wfile.write(_PAGE)
        elif self.path == "/stream":
            self._stream()
        else:
            self.send_error(404)

    def _stream(self) -> None:
        self.begin("multipart/x-mixed-replace; boundary=picture")
        self.wfile.write(_PART)
        number = 0
        while (picture := self.server.latest.after(number)) is not None:
            number = picture.number
            # Chromium shows a picture only once the next one is announced.
            self.wfile.write(picture.jpeg + b"\r\n" + _PART)


class Preview(LoopbackServer):
    """A page that shows pictures, on the loopback address only; while entered.

    Any number of browsers may open it. One that is slow misses pictures, and slows nothing down.

    Args:
        port: of the page; 0: one that is free.

    Raises:
        UserError: the port cannot be used.
    """

    def __init__(self, port: int):
        self.latest = _Latest()
        super().__init__(port, _Handler, "preview")

    def server_close(self) -> None:
        """End all streams."""
        self.latest.close()
        super().server_close()

    def show(self, picture: np.ndarray) -> None:
        """Show a picture, BGR (H, W, 3) uint8, from now on."""
        _, jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
        self.latest.put(jpeg.tobytes())
