"""The training and validation data of a phase."""

from src.common.errors import UserError
from src.data.split_files import SplitFiles
from src.dataset import MattingDataset
from src.training.phase_run import PhaseRun


def open_training_data(run: PhaseRun) -> tuple[MattingDataset, MattingDataset]:
    """Open the training and validation sets of a phase.

    Raises:
        UserError: a list cannot be used, or there are too few training images for one step.
    """
    config, settings, data_folder, world = run.config, run.settings, run.data_folder, run.world
    common = {
        "patch_size": settings.patch_size,
        "mean": config.mean,
        "max_bad_fraction": config.max_bad_fraction,
    }
    train_set = MattingDataset(
        SplitFiles(data_folder, "train"),
        seed=config.seed,
        augments=True,
        vertical_flip=config.vertical_flip,
        **common,
    )
    eval_set = MattingDataset(SplitFiles(data_folder, "eval"), **common)
    needed = settings.train_batch * world.size
    if len(train_set) < needed:
        processes = f" in each of {world.size} processes" if world.size > 1 else ""
        raise UserError(
            f"{data_folder}: has {len(train_set)} training images, but one step needs {needed}; "
            f"set {run.phase.name}.train_batch to {len(train_set) // world.size} or less{processes}, or add "
            "images"
        )
    return train_set, eval_set
