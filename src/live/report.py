"""What a live run did: frames shown and dropped, and how long each stage took."""

import contextlib
import statistics
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import Literal

from src.streams.stream_state import Reset, described

Stage = Literal["read", "network", "compose", "camera to preview"]

_REMEMBERED = 1000  # frames of which the median is taken: a run may last for days


class Report:
    """Filled while frames pass; any thread may add its own.

    Attributes:
        shown: frames shown.
        dropped: frames for which a newer one was taken.
        resets: how often the stream was taken for a new one, by reason; empty with a plate, where nothing is
            forgotten.
    """

    def __init__(self):
        self.shown = self.dropped = 0
        self.resets: Counter[Reset] = Counter()
        self._seconds: dict[Stage, deque[float]] = {}
        self._first = self._last = 0.0

    def add(self, stage: Stage, seconds: float) -> None:
        """Count the time of a stage for one frame."""
        self._seconds.setdefault(stage, deque(maxlen=_REMEMBERED)).append(seconds)

    @contextlib.contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """Count the time of what is done within."""
        started = time.perf_counter()
        yield
        self.add(stage, time.perf_counter() - started)

    def show(self, now: float) -> None:
        """Count a frame shown at a time in seconds."""
        self._first = self._first if self.shown else now
        self._last = now
        self.shown += 1

    @property
    def rate(self) -> float:
        """Frames shown a second; 0 where there are fewer than two."""
        return (self.shown - 1) / (self._last - self._first) if self._last > self._first else 0.0

    def milliseconds(self) -> dict[Stage, float]:
        """The median of each stage over the last 1000 frames."""
        return {stage: 1000 * statistics.median(seconds) for stage, seconds in self._seconds.items()}

    def __str__(self) -> str:
        stages = ", ".join(f"{stage} {median:.1f}" for stage, median in self.milliseconds().items())
        resets = f"; {described(self.resets)}" if self.resets else ""
        return (
            f"{self.shown} frames shown, {self.dropped} dropped, {self.rate:.1f} a second{resets}\n"
            f"median ms: {stages}"
        )
