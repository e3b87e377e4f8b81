"""What lies apart from the person is left out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from src.inference.small_components import remove_small_components


def painted(*parts: tuple[slice, slice, float]) -> np.ndarray:
    alpha = np.zeros((40, 40), np.float32)
    for rows, columns, value in parts:
        alpha[rows, columns] = value
    return alpha


PERSON = (slice(5, 35), slice(5, 20), 1.0)
OTHER_PERSON = (slice(15, 35), slice(25, 35), 1.0)
SPECK = (slice(2, 6), slice(30, 34), 0.9)


def test_a_speck_goes_and_people_stay():
    people = painted(PERSON, OTHER_PERSON)
    np.testing.assert_array_equal(remove_small_components(painted(PERSON, OTHER_PERSON, SPECK)), people)
    np.testing.assert_array_equal(remove_small_components(people), people)


def test_what_hangs_together_stays_and_so_does_faint_hair():
    strap = (slice(3, 4), slice(18, 31), 0.5)
    with_strap = painted(PERSON, SPECK, strap, (slice(4, 6), slice(15, 19), 0.4))
    np.testing.assert_array_equal(remove_small_components(with_strap), with_strap)
    with_hair = painted(PERSON, (slice(0, 5), slice(5, 20), 0.15))
    np.testing.assert_array_equal(remove_small_components(with_hair), with_hair)


SIDES = st.integers(1, 12)


@given(hnp.arrays(np.float32, st.tuples(SIDES, SIDES), elements=st.floats(0, 1, width=32)))
def test_alpha_is_kept_or_0(alpha):
    found = remove_small_components(alpha)
    assert found.dtype == np.float32 and np.all((found == alpha) | (found == 0))
    np.testing.assert_array_equal(remove_small_components(found), found)
