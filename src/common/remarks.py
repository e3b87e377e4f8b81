"""Shows the library's log messages in a command's output, such as that a file holds several pictures."""

import logging
import sys

from src.common.progress import say


class _Lines(logging.Handler):
    """Writes each message as a line of its own, without breaking a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None:
            say(self.format(record), sys.stderr)


def show_remarks() -> None:
    """Print the library's log messages to standard error; other programs configure logging themselves."""
    library = logging.getLogger("src")
    if not library.handlers:
        library.addHandler(_Lines())
