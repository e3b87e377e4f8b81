"""The history of a run: metrics.csv with one row per epoch, and its plot, curves.png."""

import csv
from pathlib import Path

from src.common.atomic_file import atomic_path, write_csv
from src.common.plotting import MaxNLocator, plt
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
        UserError: a file cannot be written.
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
    write_csv(path, columns, ([each[column] for column in columns] for each in rows))
    _draw(rows, run_folder / CURVES_FILE, system)


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _draw(rows: list[dict[str, str]], path: Path, system: System) -> None:
    curves = (_LOSSES, *((f"eval_{score}",) for score in reversed(system.scores)))
    names = [name for name in system.phases if any(row["phase"] == name for row in rows)]
    shape = (len(names), len(curves))
    figure, axes = plt.subplots(*shape, figsize=(4 * shape[1], 3 * shape[0]), squeeze=False)
    for name, axes_of_phase in zip(names, axes, strict=True):
        of_phase = [row for row in rows if row["phase"] == name]
        for axis, columns in zip(axes_of_phase, curves, strict=True):
            _draw_columns(axis, of_phase, columns)
            axis.set_title(system.phases[name].title)
    figure.tight_layout()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
    plt.close(figure)


def _draw_columns(axis: plt.Axes, rows: list[dict[str, str]], columns: tuple[str, ...]) -> None:
    for column in columns:
        points = [(int(row["epoch"]), float(row[column])) for row in rows if row[column]]
        if points:
            axis.plot(*zip(*points, strict=True), marker="o", label=column.replace("_", " "))
    if not axis.lines:  # SHM's T-Net alone has no SAD, its M-Net alone no classes
        axis.set_visible(False)
        return
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    axis.legend()
