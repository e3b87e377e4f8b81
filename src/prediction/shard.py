"""One of N shards of a collection, so that several machines can matte it together."""

import os
import zlib
from pathlib import Path
from typing import NamedTuple

from src.common.errors import UserError


class Shard(NamedTuple):
    """Number `number` of `count` shards, counted from 1."""

    number: int
    count: int

    def holds(self, path: Path) -> bool:
        """Whether a file belongs to this shard; only its path, as given to the command, decides."""
        return zlib.crc32(os.fsencode(path)) % self.count == self.number - 1


def parse_shard(text: str) -> Shard:
    """Read a shard from text such as '2/8'.

    Raises:
        UserError: it is not of this form, or I is not one of 1 to N.
    """
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise UserError(f"--shard {text}: must be I/N with I from 1 to N, such as 1/4")
    return Shard(int(number), int(count))
