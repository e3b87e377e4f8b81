"""The history of a run: metrics.csv with one row per epoch, and its plot, curves.png."""

import csv
from pathlib import Path

from src.common.atomic_file import write_csv
from src.common.errors import UserError
from src.systems.system import System

METRICS_FILE = "metrics.csv"
CURVES_FILE = "curves.png"
_LOSSES = ("train_loss", "eval_loss")


def record_epoch(run_folder: Path, row: dict[str, object], system: System) -> None:
    """Add the row of an epoch, replacing rows of earlier runs for this and later epochs; draw the curves.

    Args:
        run_folder: the folder of both files.
        row: values by column; `phase` and `epoch` are required.
        system: the system, for its scores and phases.

    Raises:
        UserError: a file cannot be written, or the table was changed so that it cannot be read.
    """
    scores = (f"eval_{score}" for score in system.scores)
    columns = ("phase", "epoch", *_LOSSES, *scores, "lr", "images_per_s", "seconds")
    path = run_folder / METRICS_FILE
    rows = [
        earlier
        for earlier in _read(path)
        if earlier["phase"] != row["phase"] or int(earlier["epoch"]) < int(str(row["epoch"]))
    ]
    rows.append({column: str(row.get(column, "")) for column in columns})
    # Another system may have written to the same folder.
    every = [*columns, *dict.fromkeys(name for each in rows for name in each if name not in columns)]
    write_csv(path, every, ([each.get(column, "") for column in every] for each in rows))
    # Matplotlib takes most of a second to import, and the other processes of a job draw nothing.
    from src.training.curves import draw_curves

    draw_curves(rows, run_folder / CURVES_FILE, system, losses=_LOSSES)


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if all(row["phase"] and int(row["epoch"]) > 0 and None not in row for row in rows):
            return rows
    except (KeyError, TypeError, ValueError):
        pass
    raise UserError(f"{path}: is no table as training writes it; rename it, and resume")
