"""Remarks of the library, such as that a file holds several pictures, as lines on a command's screen."""

import logging
import sys

from tqdm import tqdm


class _Lines(logging.Handler):
    """Writes whole lines, past progress bars."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None:
            tqdm.write(self.format(record), file=sys.stderr)


def show_remarks() -> None:
    """Show what the library remarks; a program that uses it decides that by itself, through logging."""
    library = logging.getLogger("src")
    if not library.handlers:
        library.addHandler(_Lines())
