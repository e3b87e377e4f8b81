"""Lets few threads at a time load or run networks, and none in a process forked after loading one.

If two threads compile or run networks at once, the same one or different ones, MindSpore crashes or mixes
them up. ONNX Runtime gains by two runs at once, and by no more. A forked process lacks the threads that a
network loaded before the fork waits for.
"""

import contextlib
import os
import threading
from collections.abc import Iterator

from src.common.errors import UserError

LANES = 2  # runs of ONNX Runtime at a time: what one leaves idle between its layers, the other uses

_lock = threading.RLock()
_lanes = threading.BoundedSemaphore(LANES)
_process: int | None = None  # that loads and runs networks


class ForkedError(UserError):
    """A network is used in a process that was forked after a network had been loaded."""


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Wait until no other thread loads or runs a network, then keep others waiting.

    Raises:
        ForkedError: this process was forked after a network was loaded; it would wait forever.
    """
    global _process
    _require_own_process()
    with _lock:
        _process = os.getpid()
        yield


@contextlib.contextmanager
def lane() -> Iterator[None]:
    """Wait until fewer than LANES other threads are in a lane, then take one; not for MindSpore.

    Raises:
        ForkedError: as `turn`.
    """
    _require_own_process()
    with _lanes:
        yield


def _require_own_process() -> None:
    if _process not in (None, os.getpid()):
        raise ForkedError(
            "this process was forked after a model had been loaded, and cannot run models; load them only in "
            "the processes that use them, or start processes with multiprocessing.get_context('spawn')"
        )
