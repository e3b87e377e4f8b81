"""The training and validation data of a phase."""

from src.common.errors import UserError
from src.data.samples import Samples
from src.training.phase_run import PhaseRun


def open_training_data(run: PhaseRun) -> tuple[Samples, Samples]:
    """Open the training and validation sets of a phase.

    Raises:
        UserError: a list cannot be used, or there are too few training images for one step.
    """
    data_folder, world = run.data_folder, run.world
    train_set, eval_set = (
        run.system.open_split(
            run.system.open_files(data_folder, split), run.phase, run.config, split == "train"
        )
        for split in ("train", "eval")
    )
    needed = run.settings.train_batch * world.size
    if len(train_set) < needed:
        processes = f" in each of {world.size} processes" if world.size > 1 else ""
        raise UserError(
            f"{data_folder}: has {len(train_set)} training images, but one step needs {needed}; "
            f"set {run.phase.name}.train_batch to {len(train_set) // world.size} or less{processes}, or add "
            "images"
        )
    return train_set, eval_set
