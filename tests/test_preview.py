"""The page of a live run: its stream, its viewers, and what a real browser shows."""

import http.client
import socket
import threading
import time
from urllib.parse import urlsplit

import numpy as np
import pytest

from src.common.errors import UserError
from src.live.preview import Preview
from tests.chromium import Chromium, needs_chromium
from tests.viewer import Viewer

BLUE, GREEN, RED = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SOON = 20  # seconds


def plain(left: tuple[int, int, int], right: tuple[int, int, int]) -> np.ndarray:
    """Two squares side by side."""
    return np.hstack([np.full((120, 120, 3), colour, np.uint8) for colour in (left, right)])


@pytest.fixture
def preview():
    """Its threads end soon, whatever viewers do."""
    before = set(threading.enumerate())
    with Preview(0) as preview:
        yield preview
        ending = time.monotonic()
    assert time.monotonic() - ending < 5
    assert set(threading.enumerate()) <= before


@pytest.fixture
def idle():
    """A connection that is there for longer than the preview."""
    with socket.socket() as connection:
        yield connection


def ask(preview: Preview, path: str, host: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(preview.address).netloc, timeout=SOON)
    connection.request("GET", path, headers={"Host": host} if host else {})
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def test_several_viewers_see_each_picture(preview):
    pictures = [plain(BLUE, GREEN), plain(RED, RED), plain(GREEN, BLUE)]
    preview.show(pictures[0])
    with Viewer(preview.address) as one, Viewer(preview.address) as other:
        for picture in pictures:
            preview.show(picture)
            for viewer in (one, other):
                while np.abs(next(viewer).astype(int) - picture).mean() > 5:
                    pass


def test_a_viewer_that_reads_nothing_slows_nobody_down(idle, preview):
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    preview.show(noise)
    port = urlsplit(preview.address).port
    idle.connect(("127.0.0.1", port))
    with Viewer(preview.address) as viewer:
        idle.sendall(f"GET /stream HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n".encode())
        next(viewer)
        for _ in range(60):  # 20 MB, far more than a connection holds
            preview.show(noise)
            assert next(viewer).shape == noise.shape


def test_other_names_and_paths_are_refused(preview):
    port = urlsplit(preview.address).port
    assert ask(preview, "/")[0] == ask(preview, "/", f"localhost:{port}")[0] == 200
    assert b'src="/stream"' in ask(preview, "/")[1]
    assert ask(preview, "/", f"example.com:{port}")[0] == 403
    assert ask(preview, "/stream", "example.com")[0] == 403
    assert ask(preview, "/../predict.py")[0] == 404


def test_only_the_loopback_address_is_served(preview):
    """127.0.0.2 is this machine as well, and would be answered if all its addresses were."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", urlsplit(preview.address).port), timeout=SOON)


def test_a_port_in_use_is_named(preview):
    port = urlsplit(preview.address).port
    with pytest.raises(UserError, match=f"port {port} .*in use"):
        Preview(port)
    with pytest.raises(UserError, match="port 70000 .*0-65535"):
        Preview(70000)


@needs_chromium
def test_a_browser_shows_how_the_picture_changes(preview, tmp_path):
    def is_shown(left: tuple[int, int, int], right: tuple[int, int, int]) -> bool:
        page = browser.screenshot().astype(int)
        row, middle = page[page.shape[0] // 2], page.shape[1] // 2
        found = np.concatenate([row[middle - 60], row[middle + 60]])
        return bool(np.abs(found - (*left, *right)).max() < 16)

    preview.show(plain(BLUE, GREEN))
    with Chromium(tmp_path, preview.address) as browser:
        for left, right in ((BLUE, GREEN), (RED, BLUE), (GREEN, RED)):
            preview.show(plain(left, right))
            end = time.monotonic() + SOON
            while not is_shown(left, right):
                assert time.monotonic() < end
                time.sleep(0.1)
