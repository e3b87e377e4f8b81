"""Alpha that is nearly 0 or 1 becomes that."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from src.inference.contrast_stretch import MARGIN, stretch_contrast


def test_haze_goes_and_halves_stay():
    alpha = np.float32([-0.02, 0, 0.06, MARGIN, 0.5, 1 - MARGIN, 0.97, 1, 1.01])
    np.testing.assert_allclose(stretch_contrast(alpha), [0, 0, 0, 0, 0.5, 1, 1, 1, 1], atol=1e-6)


@given(st.lists(st.floats(-0.5, 1.5, width=32), min_size=2, max_size=20))
def test_what_is_more_stays_more(values):
    alpha = np.sort(np.float32(values))
    stretched = stretch_contrast(alpha)
    assert stretched.dtype == np.float32 and stretched.min() >= 0 and stretched.max() <= 1
    assert (np.diff(stretched) >= 0).all()
