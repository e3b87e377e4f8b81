"""Replaces closed standard streams and ignores broken pipes, so that a command can continue."""

import io
import os
import sys


def repair_streams() -> None:
    """Open closed streams on /dev/null, and discard output to a closed pipe."""
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:  # otherwise the next file opened gets this number, and messages are written to it
            os.open(os.devnull, mode)  # takes the lowest number that is free
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (
        _repaired(stream, number) for number, stream in ((1, sys.stdout), (2, sys.stderr))
    )


def _repaired(stream: io.TextIOWrapper | None, number: int) -> io.TextIOWrapper:
    is_kept = stream is not None
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(number, "w", closefd=False)),
        encoding=stream.encoding if is_kept else "utf-8",
        errors=stream.errors if is_kept else "backslashreplace",
        line_buffering=number == 2 or (is_kept and stream.line_buffering),
    )


class _Output(io.FileIO):
    """Discards output once the reader has closed the pipe."""

    def write(self, content: bytes) -> int:
        try:
            return super().write(content)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(content)
