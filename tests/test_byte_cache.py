"""What a function returned is remembered, as far as bytes go."""

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from src.clips import backgrounds
from src.common.byte_cache import ByteCache
from src.composites import pictures


def test_the_last_used_are_remembered():
    made = []

    def make(count: int) -> np.ndarray:
        if not count:
            raise ValueError("none")
        made.append(count)
        return np.zeros(count, np.uint8)

    cache = ByteCache(make, 10)
    for count in (4, 5, 4, 3, 4, 5):  # with the 3, the 5 is forgotten
        assert cache(count).nbytes == count
    assert made == [4, 5, 3, 5]
    assert cache(11).nbytes == cache(11).nbytes == 11  # too large to be remembered
    assert made == [4, 5, 3, 5, 11, 11]
    with pytest.raises(ValueError, match="none"):
        cache(0)


def test_threads_share_what_is_remembered():
    """A value that is made twice is counted once, and none is forgotten while another thread looks for it."""
    cache = ByteCache(lambda count: np.zeros(count, np.uint8), 30)

    def use(seed: int) -> None:
        draw = random.Random(seed)
        for _ in range(20_000):
            count = draw.randint(1, 9)
            assert cache(count).nbytes == count

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(use, range(8)))
    assert cache._bytes == sum(value.nbytes for value in cache._values.values()) <= 30


@pytest.mark.parametrize(
    "cache",
    [
        backgrounds._read_photo,
        *(getattr(pictures, f"_read_{what}") for what in ("background", "companion", "passer_by", "scene")),
    ],
)
def test_photos_are_remembered_as_far_as_bytes_go(cache):
    assert isinstance(cache, ByteCache)
