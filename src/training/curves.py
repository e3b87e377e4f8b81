"""The plot of a run's history."""

from collections.abc import Sequence
from pathlib import Path

from src.common.plotting import MaxNLocator, plt, save_figure
from src.systems.system import System


def draw_curves(rows: list[dict[str, str]], path: Path, system: System, *, losses: Sequence[str]) -> None:
    """Draw losses and scores over epochs, a row of plots for each phase.

    Args:
        rows: of metrics.csv, values by column.
        path: of the picture.
        system: the system, for its scores and phases.
        losses: columns that share a plot.

    Raises:
        UserError: the picture cannot be written.
    """
    curves = (losses, *((f"eval_{score}",) for score in reversed(system.scores)))
    names = [name for name in system.phases if any(row["phase"] == name for row in rows)]
    shape = (len(names), len(curves))
    figure, axes = plt.subplots(*shape, figsize=(4 * shape[1], 3 * shape[0]), squeeze=False)
    for name, axes_of_phase in zip(names, axes, strict=True):
        of_phase = [row for row in rows if row["phase"] == name]
        for axis, columns in zip(axes_of_phase, curves, strict=True):
            _draw_columns(axis, of_phase, columns)
            axis.set_title(system.phases[name].title)
    figure.tight_layout()
    save_figure(figure, path, dpi=110)


def _draw_columns(axis: plt.Axes, rows: list[dict[str, str]], columns: tuple[str, ...]) -> None:
    for column in columns:
        points = [(int(row["epoch"]), float(row[column])) for row in rows if row.get(column)]
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
