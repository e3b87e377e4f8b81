"""The start of a phase: from its newest checkpoint, weights of earlier phases, or --init_weight."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mindspore import nn

from src.common.atomic_file import remove_leftovers
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
    """Load the weights and state that a phase starts from.

    Args:
        run: the phase.
        network: the network to load the weights into.
        checkpoints: the phase's checkpoints, which restore network, optimizer and loss scale.
        fresh: the progress of a new phase, with the checksums of its data.
        init_weight: checkpoint to start from if the phase has none of its own; None for none.

    Returns:
        The progress to continue from.

    Raises:
        UserError: no checkpoint can be used, configuration or data have changed, or the processes found
            different checkpoints.
    """
    phase, settings, world = run.phase, run.settings, run.world
    world.wait()  # for the files that the first process wrote in an earlier phase
    if world.is_first:
        for each in (run.run_folder, run.folder):
            remove_leftovers(each)
    earlier = checkpoints.newest()
    done = fresh
    if earlier and not settings.finetuning:
        raise UserError(
            f"{earlier}: exists from an earlier run, but {phase.name}.finetuning is False; set it to "
            "True to resume from there, or set another ckpt_version to start afresh"
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
            f"{run.folder}: this process found {', '.join(origins)}, but another process something else; all "
            "machines must share the output folder"
        )
    if earlier and done != progress:  # else a run killed now would resume with outdated progress
        checkpoints.save_within_epoch(done)
    if world.is_first:
        for each in (run.run_folder, run.folder):
            remember_run(each, run.config)
    print(f"{phase.title}: starting with {', '.join(origins)}")
    return done


def load_earlier_weights(
    network: nn.Cell, system: System, phase: Phase, run_folder: Path, init_weight: str | None
) -> Sequence[str]:
    """Load the weights for a phase without a checkpoint of its own.

    First the weights of --init_weight are loaded, then the parts trained by earlier phases, if these have
    run. Other weights are left unchanged.

    Args:
        network: the network to load the weights into.
        system: the system of the phase.
        phase: the phase that starts.
        run_folder: the run's output folder, with the folders of the phases.
        init_weight: a checkpoint of the whole network; None for none.

    Returns:
        Descriptions of the loaded weights, for messages.

    Raises:
        UserError: a checkpoint cannot be used.
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
    """Return the progress of an earlier run that is still valid with the current configuration and data.

    Raises:
        UserError: they have changed, and `config.resume` is not 'force'.
    """
    differences = changed_settings(run.folder, run.phase.name, run.config)
    differences += changed_data(progress, fresh.train_mark, fresh.eval_mark)
    require_force(run.phase.name, differences, run.config)
    if differences:  # the epoch starts over, since its steps have changed
        progress = progress._replace(step=0, loss_sum=0.0)
    if any(each.changes_score for each in differences):
        progress = progress._replace(best_score=math.inf)
    return progress._replace(train_mark=fresh.train_mark, eval_mark=fresh.eval_mark)
