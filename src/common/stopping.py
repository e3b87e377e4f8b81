"""Stops a run on a signal: the first one lets it save its state, the second ends it at once."""

import os
import sys

from src.common.signals import Handler, received_by


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

    Until `has_state` is set there is nothing to save, so the first signal ends the process, as in every
    command. Enter it before importing MindSpore, whose threads must not receive these signals.
    """

    def __init__(self):
        self.signal_number: int | None = None
        self.has_state = False

    def __enter__(self) -> "StopRequest":
        self._received = received_by(self._make_handler)
        self._received.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._received.__exit__(*exception)

    def __bool__(self) -> bool:
        return self.signal_number is not None

    def _make_handler(self, earlier: Handler | None) -> Handler:
        def handle(number: int) -> None:
            if earlier and not self.has_state:
                earlier(number)
                return
            if self:
                os._exit(128 + number)
            self.signal_number = number
            print("\nsaving after this step; interrupt again to quit at once", file=sys.stderr, flush=True)

        return handle
