"""The checkpoints of one training phase: weights, and the state needed to resume.

semantic_hm_latest_N.ckpt    weights after epoch N, loadable by older code
resume_N.ckpt                optimizer, loss scale, running mean of the weights and progress after epoch N
resume_step.ckpt             weights and state in one file, saved within an epoch
semantic_hm_best.ckpt        weights of the best epoch, or their running mean if there is one
*.ckpt.yaml                  the model's metadata, one file for each file of weights
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mindspore import Parameter, Tensor, nn

from src.common.errors import UserError
from src.common.naming import naming_file
from src.common.numbers import require_numbers
from src.common.world import World
from src.description.model_info import ModelInfo, info_path
from src.model.weights import load_weights, read_checkpoint, save_model, save_parameters
from src.training.backup import BackupNetwork
from src.training.running_mean import PREFIX as MEAN_PREFIX
from src.training.running_mean import RunningMean
from src.training.running_statistics import RunningStatistics

BEST_FILE = "semantic_hm_best.ckpt"
STEP_FILE = "resume_step.ckpt"
# Not every run has these; they start afresh if amp_level or ema_decay was changed.
_OPTIONAL = ("loss_scale", "loss_scale_counter", MEAN_PREFIX)
_LATEST_PATTERN = re.compile(r"semantic_hm_latest_(\d+)\.ckpt")


class Progress(NamedTuple):
    """The progress of a phase."""

    epoch: int = 0  # completed epochs
    step: int = 0  # completed steps of the next epoch
    loss_sum: float = 0.0  # sum of the losses of these steps
    best_score: float = math.inf  # of the completed epochs
    train_mark: int = 0  # checksum of the list of training samples
    eval_mark: int = 0  # checksum of the list of validation samples


class PhaseCheckpoints:
    """Saves, finds, restores and removes the checkpoints in a phase's folder.

    Args:
        folder: the phase's folder.
        keep: number of newest epochs to keep; None for all.
        network: the whole network, whose weights are all saved, whatever part the phase trains.
        state: parameters of optimizer and loss scaler by name.
        info: the model's metadata.
        mean: the running mean of the weights, if there is one.
        backup: the copy of the network, if the phase has one.
        world: the processes; only the first writes.
    """

    def __init__(
        self,
        folder: Path,
        keep: int | None,
        network: nn.Cell,
        state: dict[str, Parameter],
        info: ModelInfo,
        mean: RunningMean | None = None,
        backup: BackupNetwork | None = None,
        world: World = World(),  # noqa: B008 - never changed
    ):
        self._folder = folder
        self._keep = keep
        self._network = network
        self._state = state | (mean.state() if mean else {}) | (backup.state() if backup else {})
        self._info = info
        self._mean = mean
        self._backup = backup
        self._world = world
        self._statistics = {"running_statistics": RunningStatistics(network, world)}
        if mean:
            self._statistics["running_mean_statistics"] = RunningStatistics(mean.network, world)

    def save(self, progress: Progress) -> None:
        """Save after a completed epoch, then remove old checkpoints."""
        if not self._world.is_first:
            return
        # Weights last: an epoch counts as saved once its weights exist.
        save_parameters(self._state_entries(progress), self._state_file(progress.epoch))
        save_model(self._network, self._weights_file(progress.epoch), self._info)
        (self._folder / STEP_FILE).unlink(missing_ok=True)
        self._remove_old()

    def save_within_epoch(self, progress: Progress) -> None:
        """Save after any step, replacing the earlier save within an epoch; all processes must call this."""
        statistics = {name: each.of_all() for name, each in self._statistics.items()}
        if not self._world.is_first:
            return
        entries = [{"name": each.name, "data": each} for each in self._network.get_parameters()]
        entries += self._state_entries(progress)
        entries += [{"name": name, "data": Tensor(table)} for name, table in statistics.items()]
        save_parameters(entries, self._folder / STEP_FILE)

    def save_best(self) -> None:
        """Save the validated weights as those of the best epoch so far."""
        if not self._world.is_first:
            return
        weights = self._mean.weights() if self._mean else self._network
        save_model(weights, self._folder / BEST_FILE, self._info)

    def begin(self) -> None:
        """Start the running mean and the backup, if there are any, from the current weights."""
        if self._mean:
            self._mean.begin()
        if self._backup:
            self._backup.begin()

    def newest(self) -> Path | None:
        """Return the file with the newest weights, or None if there is no checkpoint."""
        files = self._newest_first()
        return files[0][0] if files else None

    def restore(self) -> tuple[Progress, Path | None]:
        """Load the newest intact checkpoint; damaged ones are reported and skipped.

        Returns:
            The progress and the file with its weights; zero progress and None if there is no checkpoint.

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
                print(f"{problem}; continuing from the checkpoint before it")
            return progress, weights
        if problems:
            raise UserError(
                "no checkpoint of this phase can be used; set another ckpt_version to start afresh:\n  "
                + "\n  ".join(problems)
            )
        return Progress(), None

    def _newest_first(self) -> list[tuple[Path, Path]]:
        """Return the files with weights and state of all checkpoints, newest first.

        A save within an epoch is always the newest, since completing the epoch removes it.
        """
        epochs = sorted(_latest_epochs(self._folder), reverse=True)
        candidates = [(self._weights_file(epoch), self._state_file(epoch)) for epoch in epochs]
        step_file = self._folder / STEP_FILE
        return [(step_file, step_file), *candidates] if step_file.is_file() else candidates

    def _load(self, weights: Path, state: Path) -> Progress:
        if not state.is_file():
            raise UserError(
                f"{state}: is missing, so training cannot resume from {weights.name}; to start afresh from "
                "these weights, set --init_weight to them and choose another ckpt_version"
            )
        saved = read_checkpoint(state)
        try:
            progress = _progress_of(saved)
            wanted = [name for name in self._state if name in saved or not name.startswith(_OPTIONAL)]
            values = {name: saved[name] for name in wanted}
            for name, value in values.items():
                if value.shape != self._state[name].shape:  # set_data would accept it
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
    """Return the weights that a later phase starts from, or None if the phase has not run."""
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
