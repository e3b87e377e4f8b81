"""Fills lists in the messages of model files."""

from collections.abc import Sequence
from typing import Any


def refill(repeated: Any, new: Sequence[Any]) -> None:
    """Fill a repeated field of a protocol-buffer message anew, in part with its own members."""
    copies = [type(each).FromString(each.SerializeToString()) for each in new]
    del repeated[:]
    repeated.extend(copies)
