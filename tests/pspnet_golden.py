"""PSPNet's golden files: weights that follow from names, and what the original network computes with them."""

import csv
import zlib

import numpy as np
import pytest

from tests.golden_weights import GOLDEN_FOLDER

FOLDER = GOLDEN_FOLDER / "pspnet"
TOLERANCE = 1e-4

needs_golden_files = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the golden files (../shared/golden/pspnet) are not here"
)


def table() -> list[dict[str, str]]:
    """The rows of parameters.tsv: pytorch, mindspore, shape, kind."""
    with (FOLDER / "parameters.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def golden_value(row: dict[str, str]) -> np.ndarray:
    """The float32 value of a row's parameter."""
    shape = tuple(map(int, row["shape"].split("x")))
    rng = np.random.RandomState(zlib.crc32(row["pytorch"].encode()) & 0x7FFFFFFF)
    match row["kind"]:
        case "gamma":
            value = rng.uniform(0.8, 1.2, shape)
        case "beta" | "bias" | "moving_mean":
            value = rng.normal(0, 0.05, shape)
        case "moving_variance":
            value = rng.uniform(0.7, 1.3, shape)
        case "prelu":
            value = rng.uniform(0.1, 0.4, shape)
        case "weight":
            value = rng.normal(0, np.sqrt(1.2 / np.prod(shape[1:])), shape)
        case kind:
            raise ValueError(kind)
    return value.astype(np.float32)


def load_golden_weights(network) -> None:
    """Put the golden values into a MindSpore cell."""
    from mindspore import Tensor

    rows = {row["mindspore"]: row for row in table()}
    for parameter in network.get_parameters():
        parameter.set_data(Tensor(golden_value(rows[parameter.name])))


def read(name: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / name) as content:
        return dict(content)


def normalised(image: np.ndarray) -> np.ndarray:
    """BGR (N, H, W, 3) uint8 to the network's input."""
    values = (image.astype(np.float32) - np.float32([114, 121, 134])) / np.float32(255)
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))
