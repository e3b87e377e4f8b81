"""Weights and inputs that follow from names and numbers alone, the same in every framework.

The golden files, where they are present, were computed with these weights.
"""

import zlib
from pathlib import Path

import numpy as np

GOLDEN_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "golden"


def golden_value(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The golden float32 value of a parameter, from its name in a MindSpore checkpoint."""
    rng = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    kind = name.rpartition(".")[2]
    if kind == "gamma":
        value = rng.uniform(0.8, 1.2, shape)
    elif kind == "moving_variance":
        value = rng.uniform(0.7, 1.3, shape)
    elif kind in ("beta", "bias", "moving_mean"):
        value = rng.normal(0, 0.05, shape)
    else:
        value = rng.normal(0, np.sqrt(1.2 / np.prod(shape[1:])), shape)
    return value.astype(np.float32)


def load_golden_weights(network) -> None:
    """Put the golden values into a MindSpore cell."""
    from mindspore import Tensor

    for parameter in network.get_parameters():
        parameter.set_data(Tensor(golden_value(parameter.name, parameter.shape)))


def random_image(*shape: int, seed: int = 20) -> np.ndarray:
    """A float32 input in the range of normalised images, the same on every machine."""
    return np.random.RandomState(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


def sample(values: np.ndarray, count: int) -> np.ndarray:
    """`count` values, evenly spread over the flattened array."""
    return values.ravel()[np.linspace(0, values.size - 1, count).astype(int)]
