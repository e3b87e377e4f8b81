"""Stops a run on a signal: the first one lets it save its state, the second ends it at once."""

import os
import signal
import sys
import threading

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_POLL_SECONDS = 0.2


class StoppedError(Exception):
    """The run was asked to stop and has saved its state; the message says how to resume.

    Args:
        message: shown to the user.
        signal_number: the signal that asked the run to stop.
    """

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.exit_status = 128 + signal_number


class StopRequest:
    """Handles SIGTERM and Ctrl-C while entered; a second signal ends the process at once.

    Enter it before importing MindSpore, so that MindSpore's threads leave these signals to this class. While
    computing, MindSpore uses its own handlers, which turn Ctrl-C into SIGTERM.
    """

    def __init__(self):
        self.signal_number: int | None = None
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._is_over = threading.Event()

    def __enter__(self) -> "StopRequest":
        self._earlier = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self._watcher.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._watcher.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, self._earlier)

    def __bool__(self) -> bool:
        return self.signal_number is not None

    def _watch(self) -> None:
        while not self._is_over.is_set():
            received = signal.sigtimedwait(_SIGNALS, _POLL_SECONDS)
            if received is None:
                continue
            if self:
                os._exit(128 + received.si_signo)
            self.signal_number = received.si_signo
            print("\nsaving after this step; interrupt again to quit at once", file=sys.stderr, flush=True)
