"""One thread at a time, and not after a fork: all that what runs networks can bear.

Where two threads compile or run networks at once, the same one or not, MindSpore crashes or confuses them. A
forked process lacks the threads that a network loaded before waits for.
"""

import contextlib
import os
import threading
from collections.abc import Iterator

from src.common.errors import UserError

_lock = threading.RLock()
_process: int | None = None  # the one that loads and runs networks


class ForkedError(UserError):
    """A network is used in a process that was forked after this program had loaded one."""


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Wait until no other thread loads or runs a network, and keep them waiting.

    Raises:
        ForkedError: this process was forked after a network was loaded; it would wait forever.
    """
    global _process
    if _process not in (None, os.getpid()):
        raise ForkedError(
            "this process was forked after a model had been loaded, and cannot run models; load them only in "
            "the processes that use them, or start processes by multiprocessing.get_context('spawn')"
        )
    with _lock:
        _process = os.getpid()
        yield
