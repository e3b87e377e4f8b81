"""Lets only one thread at a time load or run networks, and none in a process forked after loading one.

If two threads compile or run networks at once, the same one or different ones, MindSpore crashes or mixes
them up. A forked process lacks the threads that a network loaded before the fork waits for.
"""

import contextlib
import os
import threading
from collections.abc import Iterator

from src.common.errors import UserError

_lock = threading.RLock()
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
    if _process not in (None, os.getpid()):
        raise ForkedError(
            "this process was forked after a model had been loaded, and cannot run models; load them only in "
            "the processes that use them, or start processes with multiprocessing.get_context('spawn')"
        )
    with _lock:
        _process = os.getpid()
        yield
