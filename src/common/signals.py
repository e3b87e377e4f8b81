"""Ctrl-C and SIGTERM, received by a separate thread.

MindSpore handles both itself once it computes, and a KeyboardInterrupt within its C++ code aborts the
process. They are therefore blocked in all threads, including those that MindSpore starts, and the receiving
thread waits for them.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

_POLL_SECONDS = 0.2

Handler = Callable[[int], None]
_handlers: list[Handler] = []


def receive(handler: Handler) -> None:
    """Call handler(signal number) for each signal from now on, until the process ends.

    Call it in the main thread, before any other thread starts.
    """
    _handlers.append(handler)
    numbers = _block()
    if numbers:
        threading.Thread(target=_watch, args=(numbers, lambda: False), daemon=True).start()


@contextlib.contextmanager
def received_by(make_handler: Callable[[Handler | None], Handler]) -> Iterator[None]:
    """While entered, pass signals to the handler that `make_handler` returns.

    Args:
        make_handler: takes the handler in use, or None, and returns the new one.
    """
    earlier = _handlers[-1] if _handlers else None
    _handlers.append(make_handler(earlier))
    try:
        if earlier:
            yield
            return
        is_over = threading.Event()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        watcher = threading.Thread(target=_watch, args=(_block(), is_over.is_set), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            is_over.set()
            watcher.join()
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    finally:
        _handlers.pop()


def stopped_by_signals(stop: threading.Event) -> contextlib.AbstractContextManager[None]:
    """While entered, the first signal sets `stop`; from the second on, they also do what they did before."""

    def make_handler(earlier: Handler | None) -> Handler:
        def handle(number: int) -> None:
            if stop.is_set() and earlier:
                earlier(number)
            stop.set()

        return handle

    return received_by(make_handler)


def _block() -> set[int]:
    """Block both signals, except those that this process was started to ignore, as by nohup or &."""
    numbers = {
        number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN
    }
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    return numbers


def _watch(numbers: set[int], is_over: Callable[[], bool]) -> None:
    while not is_over():
        received = signal.sigtimedwait(numbers, _POLL_SECONDS)
        if received is not None:
            _handlers[-1](received.si_signo)
