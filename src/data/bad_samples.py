"""Samples that cannot be used in a long run: reported once each, too many end it."""

import threading
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from src.common.errors import UserError
from src.common.world import World

_SHOWN = 20


class TooManyBadSamplesError(UserError):
    """More of a split cannot be used than max_bad_fraction allows."""


class BadSamples:
    """The samples of one split that could not be read; several threads may add to it.

    Args:
        names: of all samples of the split.
        max_fraction: of them that may be bad.
    """

    def __init__(self, names: Sequence[str], max_fraction: float):
        self._names = names
        self._max_fraction = max_fraction
        self._reasons: dict[int, str] = {}
        self._lock = threading.Lock()

    def __contains__(self, index: int) -> bool:
        return index in self._reasons

    def share(self, world: World) -> None:
        """Count what all processes have met; all of them must call this.

        Raises:
            TooManyBadSamplesError: together there are too many.
        """
        met = np.zeros(len(self._names), np.float32)
        met[list(self._reasons)] = 1
        count = np.count_nonzero(world.sum(met))
        if count > self._max_fraction * len(self._names):
            raise TooManyBadSamplesError(self._describe(count))

    def add(self, index: int, reason: str) -> None:
        """Report a sample, the first time it is met.

        Raises:
            TooManyBadSamplesError: with it there are too many; the message lists them.
        """
        with self._lock:
            if index in self._reasons:
                return
            self._reasons[index] = reason
            if len(self._reasons) > self._max_fraction * len(self._names):
                raise TooManyBadSamplesError(self._describe(len(self._reasons)))
            tqdm.write(f"left out, another sample takes its place: {self._names[index]}: {reason}")

    def _describe(self, count: int) -> str:
        lines = [f"  {self._names[index]}: {reason}" for index, reason in sorted(self._reasons.items())]
        hidden = count - min(len(lines), _SHOWN)
        more = [f"  and {hidden} more"] if hidden > 0 else []
        return "\n".join(
            [
                f"{count} of {len(self._names)} samples cannot be used, more than max_bad_fraction = "
                f"{self._max_fraction:g} allows; make the data set again, or raise it:",
                *lines[:_SHOWN],
                *more,
            ]
        )
