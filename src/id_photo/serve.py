"""A page to try ID photos in a browser of this machine: what id_photo.py --serve does.

A photo comes, its pictures go back, and nothing is kept: no file is written, and only those of the page are
read.
"""

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from src.common.errors import UserError
from src.common.loopback import LoopbackHandler, LoopbackServer
from src.common.signals import stopped_by_signals
from src.id_photo.backdrops import COLOURS, ORIGINAL, TRANSPARENT, parse_backdrop
from src.id_photo.sheet import PAPERS
from src.id_photo.sizes import PRESETS, parse_size
from src.id_photo.studio import Studio
from src.id_photo.wanted import Wanted, results_of
from src.images.files import decode_photo
from src.inference.cutout import naming_failures

MOST_BYTES, MOST_PIXELS = 32_000_000, 64_000_000  # of a photo
MOST_PHOTOS = 3  # that are here at a time, one of them at work
_MOST_CONNECTIONS = 16
_MOST_DISCARDED = 1_000_000_000  # bytes of what is too large
_SECONDS = 30  # without a byte, after which a connection ends
_NAME = Path("photo")
_JSON = "application/json"
_FOLDER = Path(__file__).parent / "browser"
_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
# What the page may use: its own files and what it made itself, nothing from elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class _RefusedError(Exception):
    """A request that is not met: the status of its answer, and why."""


class _Handler(LoopbackHandler):
    server: "Page"
    timeout = _SECONDS

    def do_GET(self) -> None:  # noqa: N802 - named by http.server
        if self.path == "/choices":
            self._answer(_choices())
        elif self.path in _FILES:
            name, kind = _FILES[self.path]
            self.begin(kind, content_security_policy=_POLICY, x_content_type_options="nosniff")
            self.wfile.write((_FOLDER / name).read_bytes())
        else:
            self.send_error(404)

    def do_POST(self) -> None:  # noqa: N802 - named by http.server
        try:
            address = urlsplit(self.path)
            if self.headers.get("Origin") != f"http://{self.headers['Host']}":  # another site's page sent it
                raise _RefusedError(403, "only this page may send photos")
            if address.path != "/photos":
                raise _RefusedError(404, "photos go to /photos")
            with self.server.place():
                made = self.server.make(self._content(), dict(parse_qsl(address.query)))
            self._answer(made)
        except _RefusedError as refused:
            status, why = refused.args
            self._discard_content()
            self._answer({"error": why}, status)
        except UserError as error:
            self._answer({"error": str(error)}, 422)

    def _length(self) -> int | None:
        length = self.headers.get("Content-Length", "")
        return int(length) if length.isascii() and length.isdecimal() else None

    def _content(self) -> bytes:
        length = self._length()
        if length is None:
            raise _RefusedError(411, "the photo's length is missing")
        if length > MOST_BYTES:
            most = MOST_BYTES / 1e6
            raise _RefusedError(
                413, f"the photo has {length / 1e6:.1f} MB; at most {most:.0f} are taken here"
            )
        content = self.rfile.read(length)
        if len(content) < length:
            raise ConnectionAbortedError
        return content

    def _discard_content(self) -> None:
        """Read what is refused, or the browser would see a broken connection in place of the answer."""
        left = min(self._length() or 0, _MOST_DISCARDED)
        while left > 0 and (part := self.rfile.read(min(left, 1 << 16))):
            left -= len(part)

    def _answer(self, answer: object, status: int = 200) -> None:
        content = json.dumps(answer).encode()
        self.begin(_JSON, status, content_length=str(len(content)))
        self.wfile.write(content)


class Page(LoopbackServer):
    """A page on the loopback address that makes ID photos, one at a time; while entered.

    Args:
        studio: makes them.
        port: of the page; 0: one that is free.

    Raises:
        UserError: the port cannot be used.
    """

    def __init__(self, studio: Studio, port: int):
        self._studio = studio
        self._places = threading.BoundedSemaphore(MOST_PHOTOS)
        self._at_work = threading.Lock()
        super().__init__(port, _Handler, "page")

    def process_request(self, request: socket.socket, client_address: object) -> None:
        """Start a thread for a connection, unless there are many already."""
        if len(self.connections) < _MOST_CONNECTIONS:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Room for one photo, which bounds the memory that many would take."""
        if not self._places.acquire(blocking=False):
            raise _RefusedError(503, "busy with other photos; try again in a moment")
        try:
            yield
        finally:
            self._places.release()

    def make(self, content: bytes, choices: Mapping[str, str]) -> dict[str, object]:
        """Make the pictures of a photo.

        Args:
            content: of the photo's file.
            choices: 'size', 'background'; perhaps 'sheet', 'face' and 'force'.

        Returns:
            'files', each with its 'name', 'kind' and base64 'content', and 'remarks'.

        Raises:
            UserError: something is wrong with the photo or a choice.
        """
        wanted = _wanted(choices)
        results = results_of(_NAME, wanted)
        remarks: list[str] = []
        with self._at_work, naming_failures(_NAME):
            photo = decode_photo(content, MOST_PIXELS)
            alpha = self._studio.matte(_NAME, photo, remarks.append)
            made = self._studio.make(photo, alpha, wanted, results, remarks.append)
        files = [
            {
                "name": path.name,
                "kind": "image/png" if path.suffix == ".png" else "image/jpeg",
                "content": base64.b64encode(each).decode(),
            }
            for path, each in made
        ]
        return {"files": files, "remarks": remarks}


def serve(studio: Studio, port: int, stop: threading.Event | None = None) -> None:
    """Serve the page until Ctrl-C or SIGTERM; prints its address.

    Args:
        studio: makes the photos.
        port: of the page; 0: one that is free.
        stop: ends it, when set.

    Raises:
        UserError: the port cannot be used.
    """
    stop = threading.Event() if stop is None else stop
    with stopped_by_signals(stop), Page(studio, port) as page:
        print(f"ID photos: {page.address}  (Ctrl-C ends it)", flush=True)
        stop.wait()


def _wanted(choices: Mapping[str, str]) -> Wanted:
    face = choices.get("face")
    if face is not None and not (face.isascii() and face.isdecimal()):
        raise UserError(f"face {face}: must be a number, counted from the left, from 1")
    sheet = choices.get("sheet")
    return Wanted(
        [parse_size(choices.get("size", ""))],
        [parse_backdrop(choices.get("background", ""))],
        sheets=[sheet] if sheet else (),
        face=None if face is None else int(face),
        force="force" in choices,
    )


def _choices() -> dict[str, object]:
    """What the page offers: values, and how they are shown."""
    return {
        "sizes": [[name, parse_size(name).describe()] for name in PRESETS],
        "backgrounds": [*COLOURS.items(), [TRANSPARENT, ""], [ORIGINAL, ""]],
        "sheets": list(PAPERS),
    }
