"""A place for one item between two threads: a newer item takes the place of one that nobody has taken."""

import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Newest(Generic[Item]):
    """One thread puts items, another iterates over them, always getting the newest; order is kept.

    Attributes:
        dropped: how many items a newer one has replaced.
    """

    def __init__(self):
        self.dropped = 0
        self._items: list[Item] = []  # one or none
        self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Offer an item, at once."""
        with self._changed:
            self.dropped += len(self._items)
            self._items = [item]
            self._changed.notify()

    def close(self, error: BaseException | None = None) -> None:
        """Offer no more; an error is raised where the item after the last one is asked for."""
        with self._changed:
            self._closed, self._error = True, error or self._error
            self._changed.notify()

    def items(self, patience: float | None = None) -> Iterator[Item]:
        """The items, each the newest when it is asked for, until closed.

        Args:
            patience: seconds to wait for one.

        Raises:
            TimeoutError: none came in that time.
        """
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._items or self._closed, patience):
                    raise TimeoutError
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.pop()
            yield item
