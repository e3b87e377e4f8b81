"""Unusable samples in a long run: each is reported once, and too many end the run."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from src.common.errors import UserError
from src.common.progress import say

if TYPE_CHECKING:  # World needs MindSpore
    from src.common.world import World

_SHOWN = 20


class TooManyBadSamplesError(UserError):
    """More samples of a split are unusable than max_bad_fraction allows."""


class BadSamples:
    """The samples of one split that could not be read; safe to use from several threads.

    Args:
        names: the names of all samples of the split.
        max_fraction: the fraction of them that may be bad.
    """

    def __init__(self, names: Sequence[str], max_fraction: float):
        self._names = names
        self._max_fraction = max_fraction
        self._reasons: dict[int, str] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict:
        """For other processes, each of which counts what it meets itself."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def __contains__(self, index: int) -> bool:
        return index in self._reasons

    def share(self, world: World) -> None:
        """Count the bad samples found by all processes; every process must call this.

        Raises:
            TooManyBadSamplesError: together they exceed the limit.
        """
        met = np.zeros(len(self._names), np.float32)
        met[list(self._reasons)] = 1
        count = np.count_nonzero(world.sum(met))
        if count > self._max_fraction * len(self._names):
            raise TooManyBadSamplesError(self._describe(count))

    def add(self, index: int, reason: str) -> None:
        """Report a bad sample, the first time it is found.

        Raises:
            TooManyBadSamplesError: the limit is exceeded; the message lists the bad samples.
        """
        with self._lock:
            if index in self._reasons:
                return
            self._reasons[index] = reason
            if len(self._reasons) > self._max_fraction * len(self._names):
                raise TooManyBadSamplesError(self._describe(len(self._reasons)))
            say(f"replaced by another sample: {self._names[index]}: {reason}")

    def _describe(self, count: int) -> str:
        lines = [f"  {self._names[index]}: {reason}" for index, reason in sorted(self._reasons.items())]
        hidden = count - min(len(lines), _SHOWN)
        more = [f"  and {hidden} more"] if hidden > 0 else []
        return "\n".join(
            [
                f"{count} of {len(self._names)} samples cannot be used, more than max_bad_fraction = "
                f"{self._max_fraction:g} allows; make the data set again or raise the limit:",
                *lines[:_SHOWN],
                *more,
            ]
        )
