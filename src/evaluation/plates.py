"""Quality of mattes with plates, on fixed composites."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from src.common.atomic_file import write_csv
from src.common.errors import UserError
from src.common.progress import Progress
from src.data.plate_composites import PlateComposite
from src.evaluation.plate_metrics import FOREGROUND, USUAL, foreground_mse, paddle_metrics
from src.evaluation.report import METRICS_FILE, Save, write_matte
from src.evaluation.values import Values
from src.images.files import ImageError
from src.images.preprocessing import alpha_to_float
from src.inference.cutout import naming_failures

PlateMetric = Literal["usual", "paddle"]
Matte = Callable[[PlateComposite, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def evaluate_plates(
    matte: Matte,
    composites: Sequence[PlateComposite],
    folder: Path,
    save: Save = "all",
    metric: PlateMetric = "usual",
) -> tuple[dict[str, Values], list[str]]:
    """Measure mattes of composites, and write metrics.csv.

    Args:
        matte: what to measure: a function from a composite, its photo and its plate to alpha and foreground,
            as `PlateMatting.predict` returns them; it raises ImageError where it has none.
        composites: what to matte.
        folder: the folder to write to.
        save: 'none'; 'alpha' to write alpha/<name> as well; 'all' for these and cutout/<name> (RGBA, with the
            predicted foreground).
        metric: 'usual', or 'paddle' for `paddle_metrics`.

    Returns:
        The metrics by composite, and a line for each that could not be read.

    Raises:
        UserError: no composite can be read, or the folder cannot be written.
    """
    found: dict[str, Values] = {}
    skipped: list[str] = []
    with Progress("evaluating", "image", len(composites)) as bar:
        for composite in composites:
            try:
                pictures = composite.read()
                with naming_failures(composite.file("image")):
                    alpha, foreground = matte(composite, pictures["image"], pictures["plate"])
            except ImageError as error:
                skipped.append(str(error))
            else:
                found[composite.name] = _measure(alpha, foreground, pictures, metric)
                write_matte(folder, composite.name, foreground, alpha, save)
            bar.update()
    if not found:
        raise UserError(f"no composite can be read, the first: {skipped[0]}")
    names = list(next(iter(found.values())))
    rows = ((name, *(f"{values[each]:.6f}" for each in names)) for name, values in found.items())
    write_csv(folder / METRICS_FILE, ("image", *names), rows)
    return found, skipped


def _measure(
    alpha: np.ndarray, foreground: np.ndarray, true: dict[str, np.ndarray], metric: PlateMetric
) -> Values:
    true_alpha = alpha_to_float(true["alpha"])
    if metric == "paddle":
        return paddle_metrics(alpha, true_alpha)
    values = {name: measure(alpha, true_alpha) for name, measure in USUAL.items()}
    return {**values, FOREGROUND: foreground_mse(foreground, true["foreground"], true_alpha)}
