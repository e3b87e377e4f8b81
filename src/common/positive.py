"""A positive number on a command line."""

import argparse


def positive(text: str) -> int:
    """The `type` of an argument that is a whole number of at least 1."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text}: must be a number of at least 1")
    return int(text)
