"""The interface of a matting system: its network, phases and outputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mindspore import Tensor, nn

from src.data.samples import Samples
from src.data.split_files import SplitFiles
from src.images.preprocessing import alpha_to_bytes

Batch = Mapping[str, Tensor]  # the tensors of N samples by name
Terms = dict[str, Tensor]  # terms of a loss by name, () float32


@dataclass(frozen=True)
class Output:
    """A tensor that a phase predicts: how it is shown and measured.

    Args:
        name: name of the tensor.
        title: title of its picture.
        picture: draws one image's values (C, H, W), as BGR (H, W, 3) or gray (H, W) uint8.
        measured: names of the values that `measure` returns.
        measure: computes the values of one image, from the prediction (1, C, H, W) and the arrays of its
            batch by name.
        scores: computes the scores of a split by name, from the measured values of its images: arrays
            (images,) by name.
    """

    name: str
    title: str
    picture: Callable[[np.ndarray], np.ndarray]
    measured: tuple[str, ...]
    measure: Callable[[np.ndarray, Mapping[str, np.ndarray]], list[float]]
    scores: Callable[[Mapping[str, np.ndarray]], dict[str, float]]


@dataclass(frozen=True)
class Truth:
    """What pictures of predictions show beside them.

    Args:
        title: title of its picture.
        picture: draws the truth of one image, (H, W) uint8, from the arrays of its sample by name.
    """

    title: str
    picture: Callable[[Mapping[str, np.ndarray]], np.ndarray]


TRUE_ALPHA = Truth("true alpha", lambda sample: alpha_to_bytes(sample["alpha"][0]))


@dataclass(frozen=True)
class Adam:
    """Settings of Adam; the defaults are those of SHM."""

    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 5e-4  # added to the gradient


@dataclass(frozen=True)
class Momentum:
    """Settings of gradient descent with momentum, without weight decay."""

    momentum: float = 0.9


@dataclass(frozen=True)
class Backup:
    """A copy of the network, made at the start of each epoch, whose outputs enter the loss.

    Args:
        outputs: names under which they join the batch.
        predict: computes them from the copy's parts, in evaluation mode, and a batch.
    """

    outputs: tuple[str, ...]
    predict: Callable[[Any, Batch], tuple[Tensor, ...]]


@dataclass(frozen=True)
class Phase:
    """One training phase.

    Args:
        name: name of its section in the configuration and of its folder.
        title: its name in messages.
        columns: names of the tensors in a batch.
        outputs: the outputs of `predict`, in order.
        terms: the names of the terms that `loss` returns, in order; the first is minimised.
        score: the validation metric that selects the best checkpoint; lower is better.
        trained_part: returns the part of a network that the phase trains.
        predict: computes the outputs from a cell with the network's parts as attributes, and a batch.
        loss: computes the terms () float32 from the predicted tensors and the batch.
        starts_from: names of earlier phases; the parts that they trained start from their weights.
        adapt: returns the phase as its section of the configuration wants it.
        optimizer: what updates the weights.
        freezes_statistics: whether batch normalisation uses its running statistics, and leaves them alone.
        backup: the copy of the network that the loss needs; None for none.
        rates: factors of the learning rate by name of a part of the network; 1 for others.
        truth: is drawn beside the outputs.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    outputs: tuple[Output, ...]
    terms: tuple[str, ...]
    score: str
    trained_part: Callable[[Any], nn.Cell]
    predict: Callable[[Any, Batch], tuple[Tensor, ...]]
    loss: Callable[[tuple[Tensor, ...], Batch], Terms]
    starts_from: tuple[str, ...] = ()
    adapt: Callable[["Phase", Any], "Phase"] = lambda phase, settings: phase
    optimizer: Adam | Momentum = Adam()
    freezes_statistics: bool = False
    backup: Backup | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    truth: Truth = TRUE_ALPHA


def sample_settings(phase: Phase, config: Any, augments: bool) -> dict[str, Any]:
    """The settings of `Samples` for a phase.

    Args:
        phase: the phase.
        config: the configuration, of any system.
        augments: whether samples are changed at random.
    """
    return {
        "patch_size": config.phase(phase.name).patch_size,
        "seed": config.seed,
        "augments": augments,
        "max_bad_fraction": config.max_bad_fraction,
    }


@dataclass(frozen=True)
class System:
    """A matting system.

    Args:
        name: its name in the configuration and in model files.
        title: its full name.
        build: makes the network.
        initialise: draws the network's initial weights, from a seed.
        open_split: opens the samples of a split for a phase, from files, phase, configuration and whether
            samples are changed at random (augmented).
        build_inference: makes the cell for inference; its weights are among those of the network.
        phases: the phases by name, in training order.
        open_files: finds the files of a split ('train' or 'eval') in a folder.
        scores: columns of metrics.csv; curves.png draws them in reverse order, the first one rightmost.
    """

    name: str
    title: str
    build: Callable[[], nn.Cell]
    initialise: Callable[[nn.Cell, int], None]
    open_split: Callable[[SplitFiles, Phase, Any, bool], Samples]
    build_inference: Callable[[], nn.Cell]
    phases: Mapping[str, Phase]
    scores: tuple[str, ...]
    open_files: Callable[[str, str], SplitFiles] = SplitFiles
