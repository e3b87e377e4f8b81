"""Computes results before they are needed."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    pool: Executor, function: Callable[[Item], Result], items: Iterable[Item], ahead: int = 2
) -> Iterator[Result]:
    """Yield function(item) for all items, in order, with up to `ahead` of them started in advance."""
    rest = iter(items)
    waiting = [pool.submit(function, item) for item in itertools.islice(rest, ahead)]
    while waiting:
        result = waiting.pop(0).result()
        waiting += [pool.submit(function, item) for item in itertools.islice(rest, 1)]
        yield result
