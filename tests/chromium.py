"""Drives a headless Chromium by its DevTools protocol, over pipes; for tests."""

import base64
import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="needs Chromium, which is not on the PATH")
_FLAGS = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --remote-debugging-pipe"


class Chromium:
    """A browser with one page; while entered.

    Args:
        profile: an empty folder for what it keeps.
        address: of the page.
    """

    def __init__(self, profile: Path, address: str):
        self._profile, self._address = profile, address
        self._numbers = itertools.count(1)

    def __enter__(self) -> "Chromium":
        (reads, to_browser), (from_browser, writes) = os.pipe(), os.pipe()
        # It reads from descriptor 3 and writes to 4.
        command = f'exec "$0" {_FLAGS} --user-data-dir="$1" about:blank 3<&{reads} 4>&{writes}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, PROGRAM, self._profile],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._to, self._from = os.fdopen(to_browser, "wb"), os.fdopen(from_browser, "rb")
        self._session = None
        target = self._call("Target.createTarget", url=self._address)["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._to.close()
        self._from.close()

    def screenshot(self) -> np.ndarray:
        """What the page shows, (H, W, 3) uint8, BGR."""
        png = base64.b64decode(self._call("Page.captureScreenshot")["data"])
        return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)

    def run(self, script: str) -> object:
        """The value of a JavaScript expression in the page."""
        result = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def drop(self, path: Path, selector: str) -> None:
        """Drop a file on an element."""
        place = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = (
            self.run(f"{place}.{start} + {place}.{side} / 2")
            for start, side in (("x", "width"), ("y", "height"))
        )
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self._call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def download_to(self, folder: Path) -> None:
        """Where downloads go from now on."""
        self._call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def _call(self, method: str, **parameters: object) -> dict:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while True:  # events come in between
            answer = json.loads(self._next_message())
            if answer.get("id") == number:
                assert "result" in answer, answer
                return answer["result"]

    def _next_message(self) -> bytes:
        message = bytearray()
        while (byte := self._from.read(1)) != b"\0":
            assert byte, "Chromium has ended"
            message += byte
        return bytes(message)
