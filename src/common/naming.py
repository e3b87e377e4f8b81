"""Errors about what a file holds name the file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from src.common.errors import UserError


@contextlib.contextmanager
def naming_file(path: str | Path) -> Iterator[None]:
    """Put the file before the message of a UserError."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
