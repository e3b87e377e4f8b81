"""One training phase: start, then train, validate and save epoch by epoch."""

import math
import time
from pathlib import Path

import numpy as np

from src.callback import EpochProgress, Events, RunLog
from src.checkpoint import PhaseCheckpoints
from src.config import Config
from src.dataset import MattingDataset, training_batches, validation_batches
from src.errors import UserError
from src.history import record_epoch
from src.load_model import load_earlier_weights, load_weights
from src.model.initialisation import initialise
from src.model.network import SHMNet
from src.phases import Phase
from src.split_files import SplitFiles
from src.train_step import (
    make_loss_scaler,
    make_optimizer,
    make_predict_step,
    make_train_step,
    mixed_precision_parts,
    resume_state,
)
from src.validation import validate
from src.validation_strip import ValidationStrip


class TrainingDivergedError(UserError):
    """The loss or a gradient is no longer a number."""


def train_phase(
    phase: Phase, config: Config, data_folder: str, run_folder: Path, init_weight: str | None, amp_level: str
) -> None:
    """Train one phase from its newest checkpoint, or from earlier weights, to its last epoch.

    Args:
        phase: what to train.
        config: the whole configuration; `config.phase(phase.name)` is this phase's section.
        data_folder: a data set made by src/generate_datasets.py.
        run_folder: the run's output; the phase writes into its sub folder.
        init_weight: a checkpoint to start from where the phase has none; None for none.
        amp_level: 'O0', 'O2' or 'O3'.

    Raises:
        UserError: data or checkpoints cannot be used, or the loss became NaN or infinite.
    """
    settings = config.phase(phase.name)
    (run_folder / phase.name).mkdir(parents=True, exist_ok=True)
    training = _PhaseTraining(phase, config, data_folder, run_folder, amp_level)
    done = training.start(init_weight)
    with RunLog(run_folder, phase.name) as log, training.open_events(done) as events:
        if done >= settings.nEpochs:
            log.say(f"{phase.title}: all {done} epochs are trained; raise {phase.name}.nEpochs to go on")
        for epoch in range(done + 1, settings.nEpochs + 1):
            started = time.perf_counter()
            loss = training.train_epoch(epoch, log, events)
            seconds = time.perf_counter() - started
            scores = training.validate_epoch(epoch, log, events)
            training.record(epoch, loss, scores, seconds)
            training.save_epoch(epoch, scores, log)


class _PhaseTraining:
    """What the loop of `train_phase` works on."""

    def __init__(self, phase: Phase, config: Config, data_folder: str, run_folder: Path, amp_level: str):
        self._phase = phase
        self._settings = settings = config.phase(phase.name)
        self._seed = config.seed
        self._run_folder = run_folder
        self._train_set, self._eval_set = _open_data(config, phase.name, data_folder)
        self._steps = len(self._train_set) // settings.train_batch

        self._network = SHMNet()
        initialise(self._network, config.seed)
        optimizer = make_optimizer(phase.trained_part(self._network), settings.lr)
        self._loss_scaler = make_loss_scaler(amp_level)
        parts = mixed_precision_parts(self._network, amp_level)
        self._step = make_train_step(phase, parts, optimizer, self._loss_scaler)
        self._predict = make_predict_step(phase, parts)

        self._state = resume_state(optimizer, self._loss_scaler)
        self._checkpoints = PhaseCheckpoints(run_folder / phase.name, settings.checkpoints_to_keep())
        self._best = math.inf
        self._strip = ValidationStrip(phase, self._eval_set)

    def start(self, init_weight: str | None) -> int:
        """Load what the phase starts from; returns the epochs already trained."""
        phase, settings = self._phase, self._settings
        done = self._checkpoints.newest_epoch()
        weights = self._checkpoints.weights(done)
        if done and not settings.finetuning:
            raise UserError(
                f"{weights}: is there from an earlier run, but {phase.name}.finetuning is False; set it to "
                "True to go on from there, or set another ckpt_version to start afresh"
            )
        if done:
            load_weights(self._network, weights)
            self._best = self._checkpoints.restore(done, self._state)
            origins = [f"epoch {done + 1} from {weights}"]
        elif settings.finetuning:
            origins = load_earlier_weights(self._network, phase.name, self._run_folder, init_weight)
        else:
            origins = ["fresh weights"]
        print(f"{phase.title}: starting with {', '.join(origins)}")
        return done

    def open_events(self, done: int) -> Events:
        """The TensorBoard events, to go on after `done` epochs."""
        return Events(self._run_folder / "events" / self._phase.name, done * self._steps)

    def train_epoch(self, epoch: int, log: RunLog, events: Events) -> float:
        """Run the steps of one epoch; returns the mean loss."""
        settings = self._settings
        batches = training_batches(
            self._train_set,
            epoch,
            seed=self._seed,
            batch_size=settings.train_batch,
            workers=settings.nThreads,
        )
        title = f"{self._phase.title} {epoch}/{settings.nEpochs}"
        losses = []
        self._network.set_train(True)
        with EpochProgress(title, self._steps * settings.train_batch) as progress:
            for step, batch in enumerate(batches, start=1):
                started = time.perf_counter()
                is_finite, *values = (value.asnumpy() for value in self._step(*batch[:3]))
                seconds = time.perf_counter() - started
                terms = dict(zip(self._phase.terms, map(float, values), strict=True))
                log.step(f"train epoch: {epoch} step: {step}, loss: {terms['loss']:.9f}, speed: {seconds}")
                self._require_finite(epoch, step, terms["loss"], bool(is_finite), batch.index)
                losses.append(terms["loss"])
                events.scalars("train", {**terms, "lr": settings.lr}, (epoch - 1) * self._steps + step)
                progress.advance(settings.train_batch, terms["loss"])
        return float(np.mean(losses))

    def validate_epoch(self, epoch: int, log: RunLog, events: Events) -> dict[str, float]:
        """Measure the weights after an epoch on the whole eval split."""
        settings = self._settings
        self._network.set_train(False)
        batches = validation_batches(
            self._eval_set, batch_size=settings.train_batch, workers=settings.nThreads
        )
        scores = validate(self._phase, self._predict, batches)
        events.scalars("eval", scores, epoch * self._steps)
        events.picture("eval/predictions", self._strip.draw(self._predict), epoch * self._steps)
        log.say(self._score_line(epoch, scores))
        return scores

    def save_epoch(self, epoch: int, scores: dict[str, float], log: RunLog) -> None:
        """Save the weights if they are the best so far, and every save_epoch epochs."""
        settings = self._settings
        if scores[self._phase.score] < self._best:
            self._best = scores[self._phase.score]
            self._checkpoints.save_best(self._network)
            log.best(self._score_line(epoch, scores))
        if epoch % settings.save_epoch == 0 or epoch == settings.nEpochs:
            self._checkpoints.save(epoch, self._network, self._state, self._best)

    def record(self, epoch: int, loss: float, scores: dict[str, float], seconds: float) -> None:
        """Add the epoch to metrics.csv and draw curves.png."""
        row = {
            "phase": self._phase.name,
            "epoch": epoch,
            "train_loss": f"{loss:.6f}",
            **{f"eval_{name}": f"{value:.6f}" for name, value in scores.items()},
            "lr": self._settings.lr,
            "images_per_s": f"{self._steps * self._settings.train_batch / seconds:.2f}",
            "seconds": f"{seconds:.1f}",
        }
        record_epoch(self._run_folder, row)

    def _score_line(self, epoch: int, scores: dict[str, float]) -> str:
        values = ", ".join(f"eval {name}: {value:.6f}" for name, value in scores.items())
        return f"{self._phase.title} epoch: {epoch}, {values}"

    def _require_finite(
        self, epoch: int, step: int, loss: float, gradients_finite: bool, index: np.ndarray
    ) -> None:
        """Stop a run that has diverged; an overflow that loss scaling deals with is none."""
        if math.isfinite(loss) and (gradients_finite or self._loss_scaler):
            return
        files = ", ".join(self._train_set.files.names[i] for i in index)
        raise TrainingDivergedError(
            f"{self._phase.name}: the loss is {loss} in epoch {epoch}, step {step}, or its gradients are not "
            f"finite; the images of that batch: {files}. The checkpoints of earlier epochs are intact; look "
            f"at these images, or lower {self._phase.name}.lr"
        )


def _open_data(config: Config, phase_name: str, data_folder: str) -> tuple[MattingDataset, MattingDataset]:
    settings = config.phase(phase_name)
    train_set = MattingDataset(
        SplitFiles(data_folder, "train"),
        patch_size=settings.patch_size,
        mean=config.mean,
        seed=config.seed,
        augments=True,
        vertical_flip=config.vertical_flip,
    )
    eval_set = MattingDataset(
        SplitFiles(data_folder, "eval"), patch_size=settings.patch_size, mean=config.mean
    )
    if len(train_set) < settings.train_batch:
        raise UserError(
            f"{data_folder}: has {len(train_set)} training images, fewer than one batch; set "
            f"{phase_name}.train_batch to {len(train_set)} or less, or add images"
        )
    return train_set, eval_set
