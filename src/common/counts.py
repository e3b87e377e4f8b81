"""Whole numbers on a command line, as the `type` of an argument."""

import argparse


def positive(text: str) -> int:
    """A number of at least 1."""
    return _at_least(1, text)


def natural(text: str) -> int:
    """A number of at least 0."""
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text}: must be a number of at least {least}")
    return int(text)
