"""What a function returned is remembered, as far as bytes go."""

import numpy as np
import pytest

from src.common.byte_cache import ByteCache


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
