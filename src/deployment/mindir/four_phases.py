"""Weights of 3x3 convolutions whose map has the four pixels of each 2x2 as channels.

Such a convolution sees 2x2 or 3x3 of these at a time, and gives four times the channels at a quarter of the
places, which a processor computes faster where channels are few. Channels are ordered by row and column in
the 2x2, then as before.
"""

import numpy as np

# How much a pixel of a doubled line, from the one before to the one behind a pair, is of the line's pixels
# before, at and behind this pair.
DOUBLED = np.array([[0.75, 0.25, 0], [0.25, 0.75, 0], [0, 0.75, 0.25], [0, 0.25, 0.75]])


def valid(weight: np.ndarray) -> np.ndarray:
    """Of a convolution (O, I, 3, 3) without padding: (4 * O, 4 * I, 2, 2)."""
    return _spread(weight, _pairs(2, 0))


def same(weight: np.ndarray) -> np.ndarray:
    """Of one that keeps the size: (4 * O, 4 * I, 3, 3)."""
    return _spread(weight, _pairs(3, 1))


def of_repeated(weight: np.ndarray) -> np.ndarray:
    """Of one without padding, of a map with pixels repeated to 2x2; sees it before: (4 * O, I, 2, 2)."""
    outputs, inputs = weight.shape[:2]
    return valid(weight).reshape(4 * outputs, 4, inputs, 2, 2).sum(axis=1)


def of_enlarged(weight: np.ndarray) -> np.ndarray:
    """Of one that keeps the size, on a map that was doubled bilinearly; sees it before: (4 * O, I, 3, 3).

    At the border, this is what the map would give if it went on there.
    """
    seen = np.stack([DOUBLED[phase : phase + 3] for phase in range(2)])
    outputs, inputs = weight.shape[:2]
    return np.einsum("oits,atm,bsn->aboimn", weight, seen, seen).reshape(4 * outputs, inputs, 3, 3)


def _pairs(kernel: int, margin: int) -> np.ndarray:
    """Which weight of a line of three is that of (phase of output, phase of input, new place), as 0 and 1."""
    output, source, place, old = np.ogrid[:2, :2, :kernel, :3]
    return (2 * (place - margin) + source - output + margin == old).astype(float)


def _spread(weight: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    outputs, inputs = weight.shape[:2]
    kernel = pairs.shape[2]
    spread = np.einsum("oits,acmt,bdns->abocdimn", weight, pairs, pairs)
    return spread.reshape(4 * outputs, 4 * inputs, kernel, kernel)
