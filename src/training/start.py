"""What a phase starts from: its own newest checkpoint, weights of earlier phases, or --init_weight."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mindspore import nn

from src.common.errors import UserError
from src.model.weights import load_weights
from src.systems.system import Phase, System
from src.training.checkpoint import PhaseCheckpoints, Progress, best_or_newest_weights
from src.training.phase_run import PhaseRun
from src.training.resume_check import changed_data, changed_settings, remember_run, require_force


def start_phase(
    run: PhaseRun,
    network: nn.Cell,
    checkpoints: PhaseCheckpoints,
    fresh: Progress,
    init_weight: str | None,
) -> Progress:
    """Load what a phase starts from.

    Args:
        run: the phase.
        network: gets the weights.
        checkpoints: of the phase, with its network and the rest of its state.
        fresh: the progress of a phase that begins, with the marks of its data.
        init_weight: a checkpoint to start from where the phase has none; None for none.

    Returns:
        The progress from which it goes on.

    Raises:
        UserError: no checkpoint can be used, it is of another configuration, or the processes differ in it.
    """
    phase, settings, world = run.phase, run.settings, run.world
    world.wait()  # for what the first process wrote in an earlier phase
    checkpoints.remove_leftovers()
    earlier = checkpoints.newest()
    done = fresh
    if earlier and not settings.finetuning:
        raise UserError(
            f"{earlier}: is there from an earlier run, but {phase.name}.finetuning is False; set it to "
            "True to go on from there, or set another ckpt_version to start afresh"
        )
    if earlier:
        progress, weights = checkpoints.restore()
        done = _allowed(progress, fresh, run)
        within = f", step {done.step + 1}," if done.step else ""
        origins = [f"epoch {done.epoch + 1}{within} from {weights}"]
    else:
        origins = ["fresh weights"]
        if settings.finetuning:
            origins = load_earlier_weights(network, run.system, phase, run.run_folder, init_weight)
        checkpoints.begin()
    if not world.agrees(np.array([done.epoch, done.step])):
        raise UserError(
            f"{run.folder}: this process found {', '.join(origins)}, another one something else; all "
            "machines must share the output folder"
        )
    if earlier and done != progress:  # else a run killed now would go on from what no longer counts
        checkpoints.save_within_epoch(done)
    if world.is_first:
        for each in (run.run_folder, run.folder):
            remember_run(each, run.config)
    print(f"{phase.title}: starting with {', '.join(origins)}")
    return done


def load_earlier_weights(
    network: nn.Cell, system: System, phase: Phase, run_folder: Path, init_weight: str | None
) -> Sequence[str]:
    """Load what a phase that has no checkpoint of its own starts from.

    These are the weights of --init_weight; then what earlier phases have trained, where these have run. What
    neither gives stays as it is.

    Returns:
        What was loaded, for people to read.
    """
    origins = []
    if init_weight:
        load_weights(network, init_weight)
        origins.append(f"all weights from {init_weight}")
    for earlier in (system.phases[name] for name in phase.starts_from):
        path = best_or_newest_weights(run_folder / earlier.name)
        if path:
            load_weights(earlier.trained_part(network), path)
            origins.append(f"{earlier.title} from {path}")
    return origins or ["fresh weights"]


def _allowed(progress: Progress, fresh: Progress, run: PhaseRun) -> Progress:
    """What of an earlier run's progress counts with the configuration and the data of this one."""
    differences = changed_settings(run.folder, run.phase.name, run.config)
    differences += changed_data(progress, fresh.train_mark, fresh.eval_mark)
    require_force(run.phase.name, differences, run.config)
    if differences:  # the steps of the epoch are others now
        progress = progress._replace(step=0, loss_sum=0.0)
    if any(each.changes_score for each in differences):
        progress = progress._replace(best_score=math.inf)
    return progress._replace(train_mark=fresh.train_mark, eval_mark=fresh.eval_mark)
