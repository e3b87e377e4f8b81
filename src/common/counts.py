"""Numbers: as the `type` of an argument on a command line, and as what a function is given."""

import argparse
import math
from collections.abc import Callable

from src.common.errors import UserError


def at_least(least: int) -> Callable[[str], int]:
    """The `type` of a whole number of at least `least`."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text}: must be a number of at least {least}")
        return int(text)

    return read


def _finite(range_text: str, is_within: Callable[[float], bool]) -> Callable[[str], float]:
    """The `type` of a number, not only a whole one, that is neither NaN nor infinite."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and is_within(value)):
            raise argparse.ArgumentTypeError(f"{text}: must be a number {range_text}")
        return value

    return read


positive = at_least(1)
natural = at_least(0)
above_zero = _finite("above 0", lambda value: value > 0)
zero_or_more = _finite("of at least 0", lambda value: value >= 0)
fraction = _finite("from 0 to 1", lambda value: 0 <= value <= 1)


def port(text: str) -> int:
    """A port that a program can listen on, 1 to 65535."""
    number = positive(text)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"{text}: must be a number from 1 to 65535")
    return number


def require_at_least(least: int, **values: int | None) -> None:
    """Check what a function is given, by the names of its arguments; None is left to the function.

    Raises:
        UserError: a value is less.
    """
    for name, value in values.items():
        if value is not None and value < least:
            raise UserError(f"{name} is {value}; it must be at least {least}")
