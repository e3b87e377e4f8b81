"""Samples that cannot be used in a long run: reported once each, too many end it."""

import threading
from collections.abc import Sequence

from tqdm import tqdm

from src.errors import UserError

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
                raise TooManyBadSamplesError(self._describe())
            tqdm.write(f"left out, another sample takes its place: {self._names[index]}: {reason}")

    def _describe(self) -> str:
        lines = [f"  {self._names[index]}: {reason}" for index, reason in sorted(self._reasons.items())]
        hidden = len(lines) - _SHOWN
        more = [f"  and {hidden} more"] if hidden > 0 else []
        return "\n".join(
            [
                f"{len(lines)} of {len(self._names)} samples cannot be used, more than max_bad_fraction = "
                f"{self._max_fraction:g} allows; make the data set again, or raise it:",
                *lines[:_SHOWN],
                *more,
            ]
        )
