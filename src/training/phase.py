"""Runs a training phase: start or resume, then train, validate and save each epoch."""

import math
import signal
import time
from dataclasses import replace

import numpy as np
from mindspore import Tensor

from src.callback import EpochProgress, Events, RunLog
from src.common.errors import UserError
from src.common.stopping import StoppedError, StopRequest
from src.dataset import training_batches, validation_batches
from src.training.backup import BackupNetwork
from src.training.checkpoint import STEP_FILE, PhaseCheckpoints, Progress
from src.training.data import open_training_data
from src.training.history import record_epoch
from src.training.phase_run import PhaseRun
from src.training.precision import make_loss_scaler, mixed_precision_parts
from src.training.resume_check import mark_of
from src.training.running_mean import RunningMean
from src.training.running_statistics import RunningStatistics
from src.training.schedule import learning_rate
from src.training.start import start_phase
from src.training.step import (
    in_batches,
    make_optimizer,
    make_predict_step,
    make_train_step,
    resume_state,
)
from src.training.strip import ValidationStrip
from src.training.validation import validate


class TrainingDivergedError(UserError):
    """The loss or a gradient is NaN or infinite."""


def train_phase(run: PhaseRun, init_weight: str | None, stop: StopRequest) -> None:
    """Train one phase to its last epoch, from its newest checkpoint or from earlier weights.

    Args:
        run: the phase, its data and its output folder.
        init_weight: checkpoint to start from if the phase has none of its own; None for none.
        stop: true once a signal has requested to stop after the current step.

    Raises:
        UserError: data or checkpoints cannot be used, or the loss became NaN or infinite.
        StoppedError: a signal stopped the run; all progress is saved.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    training = _PhaseTraining(run)
    training.start(init_weight)
    stop.has_state = True
    with training.open_log() as log, training.open_events() as events:
        if training.done.epoch >= run.settings.nEpochs:
            log.say(
                f"{run.phase.title}: all {training.done.epoch} epochs are trained; raise "
                f"{run.phase.name}.nEpochs to continue"
            )
        while training.done.epoch < run.settings.nEpochs:
            started = time.perf_counter()
            steps = training.train_epoch(log, events, stop)
            seconds = time.perf_counter() - started
            scores = training.validate_epoch(log, events, stop)
            training.finish_epoch(scores, steps, seconds, log)
            training.stop_after_epoch(stop)


class _PhaseTraining:
    """The state and the operations of `train_phase`; `done` is the progress so far."""

    def __init__(self, run: PhaseRun):
        self._run = run
        self._phase, self._world = run.phase, run.world
        self._settings = settings = run.settings
        self._train_set, self._eval_set = open_training_data(run)
        self._images_per_step = settings.train_batch * run.world.size
        self._steps = len(self._train_set) // self._images_per_step
        self._rate_changes = settings.lr_schedule != "constant" or settings.warmup_steps > 0
        marks = [mark_of(split.files.listed) for split in (self._train_set, self._eval_set)]
        self.done = Progress(train_mark=marks[0], eval_mark=marks[1])

        precision = run.config.amp_level, run.config.amp_dtype
        self._network = self._validated = run.system.build()
        run.system.initialise(self._network, run.config.seed)
        optimizer = make_optimizer(
            run.phase.trained_part(self._network), settings.lr, run.phase.optimizer, run.phase.rates
        )
        self._loss_scaler = make_loss_scaler(*precision)
        parts = mixed_precision_parts(self._network, *precision)
        self._step = make_train_step(run.phase, parts, optimizer, self._loss_scaler, run.world)
        self._statistics = [RunningStatistics(self._network, run.world)]
        self._mean = None
        if settings.ema_decay:
            self._validated = run.system.build()
            self._mean = RunningMean(self._network, self._validated, settings.ema_decay)
            self._statistics.append(RunningStatistics(self._validated, run.world))
            parts = mixed_precision_parts(self._validated, *precision)
        self._backup = None
        if run.phase.backup:
            copy = run.system.build()
            copy_parts = mixed_precision_parts(copy, *precision)
            self._backup = BackupNetwork(run.phase.backup, self._network, copy, copy_parts)
        self._predict = in_batches(make_predict_step(run.phase, parts), settings.train_batch)

        self._checkpoints = PhaseCheckpoints(
            run.folder,
            settings.checkpoints_to_keep(),
            self._network,
            resume_state(optimizer, self._loss_scaler),
            replace(run.config.model_info(), size=settings.patch_size),
            self._mean,
            self._backup,
            run.world,
        )
        self._strip = ValidationStrip(run.phase, self._eval_set)

    def _complete(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of a batch, with what the phase's backup adds."""
        return self._backup.complete(tensors) if self._backup else tensors

    def start(self, init_weight: str | None) -> None:
        """Load the weights and state that the phase starts from."""
        self.done = start_phase(self._run, self._network, self._checkpoints, self.done, init_weight)

    def open_log(self) -> RunLog:
        """Open the log files, written by the first process only."""
        return RunLog(self._run.run_folder, self._phase.name, writes=self._world.is_first)

    def open_events(self) -> Events:
        """Open the TensorBoard events, to continue after the last completed step."""
        folder = self._run.run_folder / "events" / self._phase.name
        first_step = self.done.epoch * self._steps + self.done.step
        return Events(folder, first_step, writes=self._world.is_first)

    def train_epoch(self, log: RunLog, events: Events, stop: StopRequest) -> int:
        """Run the remaining steps of the epoch; return their number."""
        settings, epoch, first_step = self._settings, self.done.epoch + 1, self.done.step
        batches = training_batches(
            self._train_set,
            epoch,
            seed=self._run.config.seed,
            batch_size=settings.train_batch,
            workers=settings.nThreads,
            world=self._world,
            first_step=first_step,
        )
        title = f"{self._phase.title} {epoch}/{settings.nEpochs}"
        self._network.set_train(not self._phase.freezes_statistics)
        if self._backup and not first_step:
            self._backup.renew()
        with EpochProgress(title, self._steps * self._images_per_step) as progress:
            progress.advance(first_step * self._images_per_step)
            for step, batch in enumerate(batches, start=first_step + 1):
                started = time.perf_counter()
                of_phase = (epoch - 1) * self._steps + step
                rate = self._rate(of_phase)
                flag = Tensor(np.float32(bool(stop)))
                tensors = self._complete(batch.tensors)
                is_finite, values = self._step(flag, Tensor(np.float32(rate)), **tensors)
                *terms, stopping = values.asnumpy().tolist()
                seconds = time.perf_counter() - started
                loss = terms[0]
                line = f"train epoch: {epoch} step: {step}, loss: {loss:.9f}, speed: {seconds}"
                log.step(f"{line}, lr: {rate:.9g}" if self._rate_changes else line)
                self._require_finite(epoch, step, loss, bool(is_finite), batch.index)
                if self._mean:
                    self._mean.update(of_phase)
                self.done = self.done._replace(step=step, loss_sum=self.done.loss_sum + loss)
                named = {**dict(zip(self._phase.terms, terms, strict=True)), "lr": rate}
                events.scalars("train", named, of_phase)
                progress.advance(self._images_per_step, loss)
                if stopping:
                    self._checkpoints.save_within_epoch(self.done)
                    self._stop(stop)
                if settings.save_steps and step % settings.save_steps == 0 and step < self._steps:
                    self._checkpoints.save_within_epoch(self.done)
        return self._steps - first_step

    def validate_epoch(self, log: RunLog, events: Events, stop: StopRequest) -> dict[str, float]:
        """Measure the weights on the whole eval split; return the scores by name."""
        settings, epoch = self._settings, self.done.epoch + 1
        self._train_set.bad.share(self._world)
        self._checkpoints.save_within_epoch(self.done)  # if validation is interrupted, no step is lost
        for statistics in self._statistics:
            statistics.average()
        self._validated.set_train(False)
        batches = validation_batches(
            self._eval_set, batch_size=settings.train_batch, workers=settings.nThreads, world=self._world
        )
        batches = (batch._replace(tensors=self._complete(batch.tensors)) for batch in batches)
        count = len(self._eval_set)
        scores = validate(self._phase, self._predict, batches, count, self._world, lambda: bool(stop))
        if scores is None:
            self._stop(stop)
        self._eval_set.bad.share(self._world)
        events.scalars("eval", scores, epoch * self._steps)
        strip = self._strip.draw(lambda **tensors: self._predict(**self._complete(tensors)))
        events.picture("eval/predictions", strip, epoch * self._steps)
        log.say(self._score_line(epoch, scores))
        return scores

    def finish_epoch(self, scores: dict[str, float], steps: int, seconds: float, log: RunLog) -> None:
        """Record the epoch; save the weights if they are the best so far, and every save_epoch epochs.

        Args:
            scores: the validation scores by name.
            steps: steps that this run made of the epoch; fewer than all if it was resumed.
            seconds: duration of these steps.
            log: the log for the line of a best epoch.
        """
        settings, epoch, best = self._settings, self.done.epoch + 1, self.done.best_score
        score = scores[self._phase.score]
        loss = self.done.loss_sum / self._steps
        is_best = score < best
        best = score if is_best else best
        self.done = self.done._replace(epoch=epoch, step=0, loss_sum=0.0, best_score=best)
        if self._world.is_first:
            record_epoch(
                self._run.run_folder, self._row(epoch, loss, scores, steps, seconds), self._run.system
            )
        if is_best:
            self._checkpoints.save_best()
            log.best(self._score_line(epoch, scores))
        if epoch % settings.save_epoch == 0 or epoch == settings.nEpochs:
            self._checkpoints.save(self.done)
        elif is_best:  # else a run resumed from an older epoch would lose the best score
            self._checkpoints.save_within_epoch(self.done)

    def stop_after_epoch(self, stop: StopRequest) -> None:
        """Save and stop if any process received a signal after the validation of the epoch."""
        if self._world.any(stop):
            self._checkpoints.save_within_epoch(self.done)
            self._stop(stop)

    def _stop(self, stop: StopRequest) -> None:
        self._world.wait()  # until the file is written, since the launcher kills all when one exits
        path = self._run.folder / STEP_FILE
        raise StoppedError(
            f"stopped in epoch {self.done.epoch + 1} after step {self.done.step} of {self._steps}, saved in "
            f"{path}; the same command resumes from there",
            stop.signal_number or signal.SIGTERM,  # the signal reached another process
        )

    def _rate(self, step: int) -> float:
        """The learning rate of a step, counted from 1 over the whole phase."""
        settings = self._settings
        return learning_rate(
            step - 1,
            settings.nEpochs * self._steps,
            lr=settings.lr,
            schedule=settings.lr_schedule,
            warmup_steps=settings.warmup_steps,
            decay_steps=settings.decay_epochs() * self._steps,
        )

    def _row(
        self, epoch: int, loss: float, scores: dict[str, float], steps: int, seconds: float
    ) -> dict[str, object]:
        return {
            "phase": self._phase.name,
            "epoch": epoch,
            "train_loss": f"{loss:.6f}",
            **{f"eval_{name}": f"{value:.6f}" for name, value in scores.items()},
            "lr": self._rate(epoch * self._steps),
            "images_per_s": f"{steps * self._images_per_step / seconds:.2f}",
            "seconds": f"{seconds:.1f}",
        }

    def _score_line(self, epoch: int, scores: dict[str, float]) -> str:
        values = ", ".join(f"eval {name}: {value:.6f}" for name, value in scores.items())
        return f"{self._phase.title} epoch: {epoch}, {values}"

    def _require_finite(
        self, epoch: int, step: int, loss: float, gradients_finite: bool, index: np.ndarray
    ) -> None:
        """Stop a diverged run; gradients that overflow under loss scaling are not an error."""
        if math.isfinite(loss) and (gradients_finite or self._loss_scaler):
            return
        files = ", ".join(self._train_set.files.names[i] for i in index)
        raise TrainingDivergedError(
            f"{self._phase.name}: the loss is {loss} in epoch {epoch}, step {step}, or its gradients are not "
            f"finite; the images of that batch: {files}. The checkpoints of earlier epochs are intact; look "
            f"at these images, or lower {self._phase.name}.lr"
        )
