"""The checkpoints of one training phase: weights, and beside them what resuming needs.

semantic_hm_latest_N.ckpt    weights after epoch N, loadable by older code
resume_N.ckpt                optimizer, loss scale, running mean of the weights and progress after epoch N
resume_step.ckpt             all of it in one file, within an epoch
semantic_hm_best.ckpt        weights of the best epoch; their running mean where there is one
*.ckpt.yaml                  what the model is, beside every file of weights
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mindspore import Parameter, Tensor, nn

from src.common.atomic_file import remove_leftovers
from src.common.errors import UserError
from src.common.naming import naming_file
from src.common.numbers import require_numbers
from src.common.world import World
from src.model.weights import load_weights, read_checkpoint, save_parameters
from src.systems.model_info import ModelInfo, info_path, write_model_info
from src.training.running_mean import PREFIX as MEAN_PREFIX
from src.training.running_mean import RunningMean
from src.training.running_statistics import RunningStatistics

BEST_FILE = "semantic_hm_best.ckpt"
STEP_FILE = "resume_step.ckpt"
# Not every run has these: they begin anew where amp_level or ema_decay was changed.
_OPTIONAL = ("loss_scale", "loss_scale_counter", MEAN_PREFIX)
_LATEST_PATTERN = re.compile(r"semantic_hm_latest_(\d+)\.ckpt")


class Progress(NamedTuple):
    """How far a phase is."""

    epoch: int = 0  # epochs trained
    step: int = 0  # steps of the next epoch trained
    loss_sum: float = 0.0  # of these steps
    best_score: float = math.inf  # of the epochs
    train_mark: int = 0  # of the list of training samples
    eval_mark: int = 0  # of the list of validation samples


class PhaseCheckpoints:
    """Saves, keeps and finds the checkpoints in a phase's folder.

    Args:
        folder: of the phase.
        keep: how many of the newest stay; None for all.
        network: whose weights are saved, whole, whatever the phase trains.
        state: parameters of optimizer and loss scaler by name.
        info: what the model is.
        mean: of the weights, where there is one.
        world: the processes; the first writes.
    """

    def __init__(
        self,
        folder: Path,
        keep: int | None,
        network: nn.Cell,
        state: dict[str, Parameter],
        info: ModelInfo,
        mean: RunningMean | None = None,
        world: World = World(),  # noqa: B008 - never changed
    ):
        self._folder = folder
        self._keep = keep
        self._network = network
        self._state = state | (mean.state() if mean else {})
        self._info = info
        self._mean = mean
        self._world = world
        self._statistics = {"running_statistics": RunningStatistics(network, world)}
        if mean:
            self._statistics["running_mean_statistics"] = RunningStatistics(mean.network, world)

    def save(self, progress: Progress) -> None:
        """Save the end of an epoch, then remove what is not to be kept."""
        if not self._world.is_first:
            return
        # Weights last: an epoch counts as saved when its weights are there.
        save_parameters(self._state_entries(progress), self._state_file(progress.epoch))
        self._save_weights(self._network, self._weights_file(progress.epoch))
        (self._folder / STEP_FILE).unlink(missing_ok=True)
        self._remove_old()

    def save_within_epoch(self, progress: Progress) -> None:
        """Save after any step, in place of what was saved so before; all processes must call this."""
        statistics = {name: each.of_all() for name, each in self._statistics.items()}
        if not self._world.is_first:
            return
        entries = [{"name": each.name, "data": each} for each in self._network.get_parameters()]
        entries += self._state_entries(progress)
        entries += [{"name": name, "data": Tensor(table)} for name, table in statistics.items()]
        save_parameters(entries, self._folder / STEP_FILE)

    def remove_leftovers(self) -> None:
        """Remove what a run killed while it saved has left."""
        if self._world.is_first:
            remove_leftovers(self._folder)

    def save_best(self) -> None:
        """Save the weights of the best epoch so far: those that were validated."""
        if not self._world.is_first:
            return
        self._save_weights(self._mean.weights() if self._mean else self._network, self._folder / BEST_FILE)

    def begin(self) -> None:
        """Let what is saved beside the weights, but has not been, begin with them."""
        if self._mean:
            self._mean.begin()

    def newest(self) -> Path | None:
        """The file with the newest weights; None where there is no checkpoint."""
        files = self._newest_first()
        return files[0][0] if files else None

    def restore(self) -> tuple[Progress, Path | None]:
        """Load the newest checkpoint that is whole; a damaged one is reported, and the one before it taken.

        Returns:
            The progress, and the file with its weights; no progress and None where there is no checkpoint.

        Raises:
            UserError: there are checkpoints, but none can be used.
        """
        problems = []
        for weights, state in self._newest_first():
            try:
                progress = self._load(weights, state)
            except UserError as error:
                problems.append(str(error))
                continue
            for problem in problems:
                print(f"{problem}; going on from the one before")
            return progress, weights
        if problems:
            raise UserError(
                "no checkpoint of this phase can be used, set another ckpt_version to start afresh:\n  "
                + "\n  ".join(problems)
            )
        return Progress(), None

    def _newest_first(self) -> list[tuple[Path, Path]]:
        """The files with the weights and with the state of every checkpoint.

        What was saved within an epoch is newer than all: the end of an epoch removes it.
        """
        epochs = sorted(_latest_epochs(self._folder), reverse=True)
        candidates = [(self._weights_file(epoch), self._state_file(epoch)) for epoch in epochs]
        step_file = self._folder / STEP_FILE
        return [(step_file, step_file), *candidates] if step_file.is_file() else candidates

    def _load(self, weights: Path, state: Path) -> Progress:
        if not state.is_file():
            raise UserError(
                f"{state}: is missing, so training cannot go on from {weights.name}; to start anew from "
                "those weights, give them as --init_weight and another ckpt_version"
            )
        saved = read_checkpoint(state)
        try:
            progress = _progress_of(saved)
            wanted = [name for name in self._state if name in saved or not name.startswith(_OPTIONAL)]
            values = {name: saved[name] for name in wanted}
            for name, value in values.items():
                if value.shape != self._state[name].shape:  # set_data would take it
                    raise ValueError(f"{name} has the shape {tuple(value.shape)}")
                with naming_file(state):
                    require_numbers(name, value.asnumpy())
        except (KeyError, ValueError) as error:
            raise UserError(f"{state}: does not fit this phase: {error}") from None
        load_weights(self._network, weights)
        self.begin()
        for name, value in values.items():
            self._state[name].set_data(value)
        for name, statistics in self._statistics.items():
            if name in saved:
                statistics.restore(saved[name].asnumpy())
        return progress

    def _state_entries(self, progress: Progress) -> list[dict]:
        entries = [{"name": name, "data": Tensor(value)} for name, value in self._state.items()]
        values = zip(progress._fields, progress, strict=True)
        return entries + [{"name": name, "data": Tensor(np.float64(value))} for name, value in values]

    def _save_weights(self, what: nn.Cell | list[dict], path: Path) -> None:
        write_model_info(path, self._info)  # before them: weights never lie without it
        save_parameters(what, path)

    def _weights_file(self, epoch: int) -> Path:
        return self._folder / f"semantic_hm_latest_{epoch}.ckpt"

    def _state_file(self, epoch: int) -> Path:
        return self._folder / f"resume_{epoch}.ckpt"

    def _remove_old(self) -> None:
        if self._keep is None:
            return
        epochs = sorted(_latest_epochs(self._folder))
        for epoch in epochs[: max(0, len(epochs) - self._keep)]:
            self._weights_file(epoch).unlink()
            for beside in (info_path(self._weights_file(epoch)), self._state_file(epoch)):
                beside.unlink(missing_ok=True)


def best_or_newest_weights(folder: Path) -> Path | None:
    """The weights that a later phase starts from; None where the phase has not run."""
    if (folder / BEST_FILE).is_file():
        return folder / BEST_FILE
    epochs = _latest_epochs(folder)
    return folder / f"semantic_hm_latest_{max(epochs)}.ckpt" if epochs else None


def _progress_of(saved: dict[str, Parameter]) -> Progress:
    values = {name: float(saved[name].asnumpy()) for name in Progress._fields}
    whole = {name: int(values[name]) for name in ("epoch", "step", "train_mark", "eval_mark")}
    return Progress(**{**values, **whole})


def _latest_epochs(folder: Path) -> list[int]:
    matches = (_LATEST_PATTERN.fullmatch(path.name) for path in folder.glob("semantic_hm_latest_*.ckpt"))
    return [int(match[1]) for match in matches if match]
