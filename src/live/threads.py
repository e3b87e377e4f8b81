"""Lets the network have the cores and the interpreter while frames are read and composed beside it."""

import contextlib
import sys
from collections.abc import Iterator

import cv2

_SWITCH = 0.0005  # seconds; Python's own 0.005 are a twentieth of a frame


@contextlib.contextmanager
def network_first() -> Iterator[None]:
    """While entered, OpenCV has no threads of its own, and a thread soon gets the interpreter.

    OpenCV's would take the cores from the network's. The network's thread asks for the interpreter after each
    of its steps, and composing gives it up only when asked, after the switch interval.
    """
    threads, interval = cv2.getNumThreads(), sys.getswitchinterval()
    cv2.setNumThreads(1)
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        sys.setswitchinterval(interval)
