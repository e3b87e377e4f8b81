"""Shows a command's progress: a bar on a terminal, otherwise a line from time to time, as suits a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

# Without a terminal, a line is printed after this share of the total or this time, whichever comes first.
_SHARE = 0.1
_SECONDS = 30

Item = TypeVar("Item")


class Progress:
    """Progress of one piece of work, shown on standard error while entered.

    Args:
        what: the work, such as 'matting'.
        unit: what is counted, in the singular, such as 'photo'.
        total: how many there are; None if unknown.
        initial: how many are already done.
        stays: whether the finished bar stays on the terminal.
        logs: whether lines are printed if standard error is not a terminal.
    """

    def __init__(
        self,
        what: str,
        unit: str,
        total: int | None = None,
        *,
        initial: int = 0,
        stays: bool = True,
        logs: bool = True,
    ):
        is_terminal = sys.stderr.isatty()
        self._bar = None
        if is_terminal:
            from tqdm import tqdm  # slow to import, and logs need no bar

            self._bar = tqdm(total=total, initial=initial, desc=what, unit=unit, leave=stays)
        self._what, self._unit, self._total, self._initial = what, unit, total, initial
        self._logs = logs and not is_terminal
        self._done = self._told = initial
        self._started = self._told_at = time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, count: int = 1) -> None:
        """Count `count` more as done."""
        if self._bar is not None:
            self._bar.update(count)
        self._done += count
        if not self._logs:
            return
        now = time.monotonic()
        has_share = self._total is not None and self._done - self._told >= _SHARE * self._total
        if has_share or self._done == self._total or now - self._told_at >= _SECONDS:
            self._told, self._told_at = self._done, now
            print(self._line(now - self._started), file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """Show a text beside the bar."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)

    def _line(self, seconds: float) -> str:
        passed = _clock(seconds)
        if self._total is None:
            return f"{self._what}: {self._done} {self._unit}s, {passed} passed"
        share = f"{self._what}: {self._done} of {self._total} {self._unit}s, {self._done / self._total:.0%}"
        if self._done >= self._total:
            return f"{share}, {passed} passed"
        left = seconds * (self._total - self._done) / (self._done - self._initial)
        return f"{share}, {_clock(left)} left"


def say(text: str, file: TextIO | None = None) -> None:
    """Print a line, above the bar if there is one; on standard output unless `file` is given."""
    if "tqdm" in sys.modules:
        sys.modules["tqdm"].tqdm.write(text, file=file or sys.stdout)
    else:  # without it, there is no bar
        print(text, file=file or sys.stdout)


def _clock(seconds: float) -> str:
    """Such as 03:20 or 27:46:10."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:d}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def track(items: Iterable[Item], what: str, unit: str, total: int) -> Iterator[Item]:
    """Yield the items and show progress; arguments as for `Progress`."""
    with Progress(what, unit, total) as progress:
        for item in items:
            yield item
            progress.update()
