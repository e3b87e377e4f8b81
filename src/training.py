"""One training phase: load, train, validate, save, epoch by epoch."""

import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src.callback import EpochProgress, Events, RunLog
from src.checkpoint import PhaseCheckpoints
from src.config import Config, PhaseConfig
from src.dataset import MattingDataset, training_batches, validation_batches
from src.errors import UserError
from src.history import record_epoch
from src.load_model import load_earlier_weights, load_weights
from src.model.initialisation import initialise
from src.model.network import SHMNet
from src.phases import Phase
from src.split_files import SplitFiles
from src.train_step import (
    TrainStep,
    make_loss_scaler,
    make_optimizer,
    make_predict_step,
    make_train_step,
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
        amp_level: 'O0' to 'O3'.

    Raises:
        UserError: data or checkpoints cannot be used, or the loss became NaN or infinite.
    """
    settings = config.phase(phase.name)
    train_set, eval_set = _load_data(config, settings, data_folder)
    steps = len(train_set) // settings.train_batch

    network = SHMNet()
    initialise(network, config.seed)
    optimizer = make_optimizer(phase.trained_part(network), settings.lr)
    loss_scaler = make_loss_scaler(amp_level)
    train_step = make_train_step(phase, network, optimizer, amp_level, loss_scaler)
    predict_step = make_predict_step(phase, network, amp_level)

    phase_folder = run_folder / phase.name
    phase_folder.mkdir(parents=True, exist_ok=True)
    checkpoints = PhaseCheckpoints(phase_folder, settings.checkpoints_to_keep())
    state = resume_state(optimizer, loss_scaler)
    done, best = _start(phase, settings, network, checkpoints, state, run_folder, init_weight)
    strip = ValidationStrip(phase, eval_set)

    with (
        RunLog(run_folder, phase.name) as log,
        Events(run_folder / "events" / phase.name, done * steps) as events,
    ):
        if done == settings.nEpochs:
            log.say(f"{phase.title}: all {done} epochs are trained; raise {phase.name}.nEpochs to go on")
        for epoch in range(done + 1, settings.nEpochs + 1):
            started = time.perf_counter()
            batches = training_batches(
                train_set, epoch, seed=config.seed, batch_size=settings.train_batch, workers=settings.nThreads
            )
            network.set_train(True)
            losses = _train_epoch(
                phase, settings, train_step, batches, train_set, epoch, log, events, loss_scaler
            )
            seconds = time.perf_counter() - started

            network.set_train(False)
            batches = validation_batches(eval_set, batch_size=settings.train_batch, workers=settings.nThreads)
            scores = validate(phase, predict_step, batches)
            events.scalars("eval", scores, epoch * steps)
            events.picture("eval/predictions", strip.draw(predict_step), epoch * steps)

            line = f"{phase.title} epoch: {epoch}, " + ", ".join(
                f"eval {k}: {v:.6f}" for k, v in scores.items()
            )
            log.say(line)
            if scores[phase.score] < best:
                best = scores[phase.score]
                checkpoints.save_best(network)
                log.best(line)
            if epoch % settings.save_epoch == 0 or epoch == settings.nEpochs:
                checkpoints.save(epoch, network, state, best)
            record_epoch(
                run_folder,
                {
                    "phase": phase.name,
                    "epoch": epoch,
                    "train_loss": f"{np.mean(losses):.6f}",
                    **{f"eval_{name}": f"{value:.6f}" for name, value in scores.items()},
                    "lr": settings.lr,
                    "images_per_s": f"{steps * settings.train_batch / seconds:.2f}",
                    "seconds": f"{seconds:.1f}",
                },
            )


def _load_data(
    config: Config, settings: PhaseConfig, data_folder: str
) -> tuple[MattingDataset, MattingDataset]:
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
            f"{settings.train_phase}.train_batch to {len(train_set)} or less, or add images"
        )
    return train_set, eval_set


def _start(
    phase: Phase,
    settings: PhaseConfig,
    network: SHMNet,
    checkpoints: PhaseCheckpoints,
    state: dict,
    run_folder: Path,
    init_weight: str | None,
) -> tuple[int, float]:
    """Load what the phase starts from; returns the epochs already trained and the best score so far."""
    done = checkpoints.newest_epoch()
    if done and not settings.finetuning:
        raise UserError(
            f"{checkpoints.weights(done)}: is there from an earlier run, but {phase.name}.finetuning is "
            "False; set it to True to go on from there, or set another ckpt_version to start afresh"
        )
    if done:
        load_weights(network, checkpoints.weights(done))
        print(f"{phase.title}: going on from {checkpoints.weights(done)}")
        return done, checkpoints.restore(done, state)
    origins = ["fresh weights"]
    if settings.finetuning:
        origins = load_earlier_weights(network, phase.name, run_folder, init_weight)
    print(f"{phase.title}: starting with {', '.join(origins)}")
    return 0, math.inf


def _train_epoch(
    phase: Phase,
    settings: PhaseConfig,
    train_step: TrainStep,
    batches,
    train_set: MattingDataset,
    epoch: int,
    log: RunLog,
    events: Events,
    loss_scaler,
) -> Sequence[float]:
    """Run the steps of one epoch; returns their losses."""
    steps = len(train_set) // settings.train_batch
    losses = []
    with EpochProgress(f"{phase.title} {epoch}/{settings.nEpochs}", steps * settings.train_batch) as progress:
        for step, batch in enumerate(batches, start=1):
            started = time.perf_counter()
            is_finite, *values = (value.asnumpy() for value in train_step(*batch[:3]))
            terms = dict(zip(phase.terms, map(float, values), strict=True))
            loss = terms["loss"]
            log.step(
                f"train epoch: {epoch} step: {step}, loss: {loss:.9f}, speed: {time.perf_counter() - started}"
            )
            if not math.isfinite(loss) or not (is_finite or loss_scaler):
                files = ", ".join(train_set.files.names[i] for i in batch.index)
                raise TrainingDivergedError(
                    f"{phase.name}: the loss is {loss} in epoch {epoch}, step {step}, or its gradients are "
                    f"not finite; the images of that batch: {files}. The checkpoints of earlier epochs are "
                    f"intact; look at these images, or lower {phase.name}.lr"
                )
            losses.append(loss)
            events.scalars("train", {**terms, "lr": settings.lr}, (epoch - 1) * steps + step)
            progress.advance(settings.train_batch, loss)
    return losses
