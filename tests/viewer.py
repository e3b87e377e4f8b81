"""Watches the stream of a preview as a browser does, for tests."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import cv2
import numpy as np


class Viewer:
    """Gives the pictures of a stream, (H, W, 3) uint8, until it ends; while entered.

    Args:
        address: of the page.
    """

    def __init__(self, address: str):
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)

    def __enter__(self) -> "Viewer":
        self._connection.request("GET", "/stream")
        self._response = self._connection.getresponse()
        assert self._response.status == 200
        kind, boundary = self._response.headers["Content-Type"].split("; boundary=")
        assert kind == "multipart/x-mixed-replace"
        self._boundary = f"--{boundary}\r\n".encode()
        assert self._response.readline() == self._boundary
        assert http.client.parse_headers(self._response)["Content-Type"] == "image/jpeg"
        return self

    def __exit__(self, *exception: object) -> None:
        self._response.close()
        self._connection.close()

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        jpeg = bytearray()
        while (line := self._response.readline()) != self._boundary:
            if not line:
                raise StopIteration
            jpeg += line
        assert jpeg.endswith(b"\r\n")
        assert http.client.parse_headers(self._response)["Content-Type"] == "image/jpeg"
        return cv2.imdecode(np.frombuffer(jpeg[:-2], np.uint8), cv2.IMREAD_COLOR)
