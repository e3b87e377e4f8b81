"""Whole numbers: as the `type` of an argument on a command line, and as what a function is given."""

import argparse
from collections.abc import Callable

from src.common.errors import UserError


def at_least(least: int) -> Callable[[str], int]:
    """The `type` of a number of at least `least`."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text}: must be a number of at least {least}")
        return int(text)

    return read


positive = at_least(1)
natural = at_least(0)


def require_at_least(least: int, **values: int | None) -> None:
    """Check what a function is given, by the names of its arguments; None is left to the function.

    Raises:
        UserError: a value is less.
    """
    for name, value in values.items():
        if value is not None and value < least:
            raise UserError(f"{name} is {value}; it must be at least {least}")
