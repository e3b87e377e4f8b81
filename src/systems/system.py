"""What the rest of the program needs to know of a matting system: its network, its phases, its outputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mindspore import Tensor, nn

Batch = Mapping[str, Tensor]  # the tensors of N samples by name
Terms = dict[str, Tensor]  # of a loss


@dataclass(frozen=True)
class Output:
    """A tensor that a phase predicts: how people see it, and how it is measured.

    Args:
        name: of the tensor.
        title: over its picture.
        picture: of one image's values (C, H, W), in uint8: BGR (H, W, 3) or gray (H, W).
        measured: names of the values that `measure` returns.
        measure: values of one image from the prediction (1, C, H, W) and the tensors of its batch, as arrays.
        scores: of a split, by name, from the measured values of its images: arrays (images,) by name.
    """

    name: str
    title: str
    picture: Callable[[np.ndarray], np.ndarray]
    measured: tuple[str, ...]
    measure: Callable[[np.ndarray, Mapping[str, np.ndarray]], list[float]]
    scores: Callable[[Mapping[str, np.ndarray]], dict[str, float]]


@dataclass(frozen=True)
class Phase:
    """One training phase.

    Args:
        name: of its section in the configuration and of its folder.
        title: for people.
        outputs: what `predict` returns, in its order.
        terms: names of what `loss` returns, in its order; the first is minimised.
        score: the validation metric, lower is better, that the best checkpoint has lowest.
        trained_part: of a network, what the phase changes.
        predict: from whatever has the network's parts as attributes, and a batch.
        loss: terms () float32 from the predicted tensors and the batch.
        starts_from: earlier phases; where one has run, what it trained starts from its weights.
    """

    name: str
    title: str
    outputs: tuple[Output, ...]
    terms: tuple[str, ...]
    score: str
    trained_part: Callable[[Any], nn.Cell]
    predict: Callable[[Any, Batch], tuple[Tensor, ...]]
    loss: Callable[[tuple[Tensor, ...], Batch], Terms]
    starts_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class System:
    """A matting system.

    Args:
        name: in the configuration and in model files.
        title: for people.
        build: makes the network, with fresh weights, from keyword arguments.
        phases: by name, in the order of training.
        inputs: names of what the network takes in inference.
        outputs: names of what it returns.
        scores: columns of metrics.csv; curves.png draws the first last, farthest to the right.
    """

    name: str
    title: str
    build: Callable[..., nn.Cell]
    phases: Mapping[str, Phase]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scores: tuple[str, ...]
