"""Remembers what a function returned, as far as a number of bytes goes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class HasBytes(Protocol):
    """Such as an array."""

    @property
    def nbytes(self) -> int:
        """The memory that it takes."""


Value = TypeVar("Value", bound=HasBytes)


class ByteCache(Generic[Value]):
    """A function whose last results are remembered; safe to use from several threads.

    Args:
        function: of one argument that can be hashed. What it raises is not remembered. Threads that ask for
            the same at once each call it.
        most: bytes remembered at most; those that were used longest ago are forgotten first.
    """

    def __init__(self, function: Callable[[Hashable], Value], most: int):
        self._function, self._most = function, most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __call__(self, key: Hashable) -> Value:
        """function(key)."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = self._function(key)
        with self._lock:
            if key not in self._values:  # no other thread was faster
                self._values[key] = value
                self._bytes += value.nbytes
            while self._bytes > self._most:
                _, oldest = self._values.popitem(last=False)
                self._bytes -= oldest.nbytes
        return value
