"""Golden files of Background Matting V2: weights that follow from names, and what the original computes."""

import csv
import zlib
from functools import cache

import numpy as np
import pytest

from tests.golden_weights import GOLDEN_FOLDER

FOLDER = GOLDEN_FOLDER / "bgmv2"
TOLERANCE = 1e-4
PREDICTIONS = {"base": ("pha", "fgr", "err"), "refine": ("pha", "fgr", "pha_sm", "fgr_sm", "err_sm")}

needs_golden_files = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the golden files (../shared/golden/bgmv2) are not here"
)


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of a table."""
    with (FOLDER / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def read(name: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / name) as content:
        return dict(content)


@cache
def scene() -> dict[str, np.ndarray]:
    """src, bgr, fgr, pha (2, ., 272, 400), small_src, small_bgr (1, 3, 100, 148), float32 in [0, 1]."""
    return {name: value.astype(np.float32) / np.float32(255) for name, value in read("scene.npz").items()}


def predictions() -> dict[str, np.ndarray]:
    """The predictions that `losses` are of, by name; they follow from the scene."""
    pha = 0.9 * scene()["pha"][..., ::-1] + 0.05
    fgr = 0.8 * scene()["fgr"][..., ::-1] + 0.1
    found = {"pha": pha, "fgr": fgr, "err": 0.3 * scene()["pha"] + 0.1}
    found["pha_sm"] = 0.95 * pha[..., 1::4, 1::4]
    found["fgr_sm"] = fgr[..., 1::4, 1::4]
    found["err_sm"] = 0.3 * scene()["pha"][..., 2::4, 2::4] + 0.1
    return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


@cache
def losses() -> dict[str, dict[str, float]]:
    """The values of losses.tsv by group and name."""
    found: dict[str, dict[str, float]] = {}
    for row in rows_of("losses.tsv"):
        found.setdefault(row["group"], {})[row["name"]] = float(row["value"])
    return found


@cache
def golden_weights(backbone: str) -> dict[str, np.ndarray]:
    """The golden values by PyTorch's names."""
    return {
        row["torch_name"]: golden_value(
            row["torch_name"], row["kind"], tuple(map(int, row["shape"].split("x")))
        )
        for row in rows_of(f"parameters_{backbone}.tsv")
    }


def golden_value(name: str, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    match kind:
        case "gamma":
            value = rng.uniform(0.8, 1.2, shape)
        case "moving_variance":
            value = rng.uniform(0.7, 1.3, shape)
        case "beta" | "bias" | "moving_mean":
            value = rng.normal(0, 0.05, shape)
        case "weight":
            gain = 2.0 if name.startswith("backbone.features.") else 1.2
            value = rng.normal(0, np.sqrt(gain / np.prod(shape[1:])), shape)
        case _:
            raise ValueError(kind)
    if name in ("decoder.conv4.weight", "refiner.conv4.weight"):
        value = (value - value.mean((1, 2, 3), keepdims=True)) * 1.5
    elif name == "decoder.conv4.bias":
        value[:5] += (0.5, 0, 0, 0, 0.4)
    elif name == "refiner.conv4.bias":
        value[0] += 0.25
    return value.astype(np.float32)


def load_golden_weights(network, backbone: str) -> None:
    """Put the golden values into a MindSpore cell."""
    from mindspore import Tensor

    weights = golden_weights(backbone)
    values = {row["name"]: weights[row["torch_name"]] for row in rows_of(f"parameters_{backbone}.tsv")}
    for parameter in network.get_parameters():
        parameter.set_data(Tensor(values[parameter.name]))
