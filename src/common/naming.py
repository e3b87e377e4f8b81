"""Adds the file to errors about its contents."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from src.common.errors import UserError


@contextlib.contextmanager
def naming_file(path: str | Path) -> Iterator[None]:
    """Prefix the message of a UserError with the file's path."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
