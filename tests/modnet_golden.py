"""MODNet's golden files: weights that follow from names, and what the original network computes with them."""

import csv
import zlib
from functools import cache

import numpy as np
import pytest

from tests.golden_weights import GOLDEN_FOLDER

FOLDER = GOLDEN_FOLDER / "modnet"
TOLERANCE = 1e-4

needs_golden_files = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the golden files (../shared/golden/modnet) are not here"
)


@cache
def table() -> list[dict[str, str]]:
    """The rows of parameters.tsv: pytorch_name, mindspore_name, shape_3, shape_4, kind."""
    with (FOLDER / "parameters.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def golden_weights(channels: int, prefix: str = "") -> dict[str, np.ndarray]:
    """The golden values by PyTorch's names."""
    weights = {}
    for row in table():
        shape = tuple(map(int, row[f"shape_{channels}"].split("x")))
        name = row["pytorch_name"]
        rng = np.random.RandomState(zlib.crc32(f"{prefix}{name}".encode()) & 0x7FFFFFFF)
        weights[name] = _draw(rng, row["kind"], shape).astype(np.float32)
    return weights


def _draw(rng: np.random.RandomState, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    match kind:
        case "gamma":
            return rng.uniform(0.8, 1.2, shape)
        case "moving_variance":
            return rng.uniform(0.7, 1.3, shape)
        case "beta" | "bias" | "moving_mean":
            return rng.normal(0, 0.05, shape)
        case "weight":
            return rng.normal(0, np.sqrt(1.2 / np.prod(shape[1:])), shape)
    raise ValueError(kind)


def load_golden_weights(network, channels: int, prefix: str = "", bias: float = 0.0) -> None:
    """Put the golden values into a MindSpore cell; `bias` is added to the last bias of the fusion branch."""
    from mindspore import Tensor

    weights = golden_weights(channels, prefix)
    values = {row["mindspore_name"]: weights[row["pytorch_name"]] for row in table()}
    values["fusion.matte.bias"] = values["fusion.matte.bias"] + np.float32(bias)
    for parameter in network.get_parameters():
        parameter.set_data(Tensor(values[parameter.name]))


def read(name: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / name) as content:
        return dict(content)


def normalised(image: np.ndarray) -> np.ndarray:
    """RGB uint8 to the network's input."""
    return ((image.astype(np.float32) - 127.5) / 127.5).astype(np.float32)
