"""Shows pictures in a browser of this machine, as MJPEG.

By Python's own http.server: a page and a stream on the loopback address need no more, and nothing to install.
"""

import contextlib
import http.server
import socket
import threading
from typing import NamedTuple

import cv2
import numpy as np

from src.common.errors import UserError

_HOST = "127.0.0.1"
_NAMES = (_HOST, "localhost")
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


class _Server(http.server.ThreadingHTTPServer):
    """Has a thread for each viewer; `server_close` ends them all."""

    daemon_threads = False  # server_close waits for them

    def __init__(self, port: int):
        self.latest = _Latest()
        self._viewers: set[socket.socket] = set()
        super().__init__((_HOST, port), _Handler)

    def process_request(self, request: socket.socket, client_address: object) -> None:
        self._viewers.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self._viewers.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        self.latest.close()
        for viewer in list(self._viewers):  # one that reads nothing would hold up its thread for ever
            with contextlib.suppress(OSError):
                viewer.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Viewers may go at any moment."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:  # noqa: N802 - named by http.server
        if self.headers.get("Host", "").rpartition(":")[0] not in _NAMES:
            self.send_error(403)  # a page of another site whose name leads here
        elif self.path == "/":
            self._begin("text/html; charset=utf-8")
            self.wfile.write(_PAGE)
        elif self.path == "/stream":
            self._stream()
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Requests are no news."""

    def _begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")  # not within pages of other sites
        self.end_headers()

    def _stream(self) -> None:
        self._begin("multipart/x-mixed-replace; boundary=picture")
        self.wfile.write(_PART)
        number = 0
        while (picture := self.server.latest.after(number)) is not None:
            number = picture.number
            # Chromium shows a picture only once the next one is announced.
            self.wfile.write(picture.jpeg + b"\r\n" + _PART)


class Preview:
    """A page that shows pictures, on the loopback address only; while entered.

    Any number of browsers may open it. One that is slow misses pictures, and slows nothing down.

    Args:
        port: of the page; 0: one that is free.

    Attributes:
        address: of the page.

    Raises:
        UserError: the port cannot be used.
    """

    def __init__(self, port: int):
        try:
            self._server = _Server(port)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserError(
                f"port {port} of the preview: {reason}; give another, or 0 for a free one"
            ) from None
        self.address = f"http://{_HOST}:{self._server.server_port}/"

    def __enter__(self) -> "Preview":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,))
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def show(self, picture: np.ndarray) -> None:
        """Show a picture, BGR (H, W, 3) uint8, from now on."""
        _, jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
        self._server.latest.put(jpeg.tobytes())
