"""Evaluation reports: metrics of each photo, mattes, cutouts, and a picture of the best and the worst."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from src.common.atomic_file import write_csv
from src.data.pairs import PhotoWithAlpha
from src.images.blending import cutout, on_checkerboard
from src.images.contact_sheet import contact_sheet, side_by_side
from src.images.files import write_image
from src.images.preprocessing import alpha_to_bytes, alpha_to_float
from src.inference.steps import Matte
from src.metric import METRICS, person_iou

METRICS_FILE = "metrics.csv"
CONTACT_SHEET_FILE = "contact_sheet.png"
_SHEET_ROWS = 8
_SHOWN_OF_EACH = 4

Save = Literal["none", "alpha", "all"]


class Measurement(NamedTuple):
    """The metrics of one photo."""

    sample: PhotoWithAlpha
    values: dict[str, float]  # by name: those of METRICS, and `iou` of the person


def measure(true_alpha: np.ndarray, alpha: np.ndarray) -> dict[str, float]:
    """Compute all metrics of an alpha.

    Args:
        true_alpha: (H, W) uint8.
        alpha: the predicted alpha, (H, W) float32 in [0, 1].

    Returns:
        Values by name: those of METRICS, and `iou` of the person (alpha above 0.5).
    """
    true_alpha = alpha_to_float(true_alpha)
    values = {name: metric(alpha, true_alpha) for name, metric in METRICS.items()}
    return {**values, "iou": person_iou(alpha, true_alpha)}


def write_matte(folder: Path, name: str, image: np.ndarray, alpha: np.ndarray, save: Save) -> None:
    """Write alpha/<name> unless `save` is 'none', and with 'all' also cutout/<name> (RGBA).

    Args:
        folder: the folder to write to.
        name: file name, ending in .png.
        image: BGR (H, W, 3) uint8.
        alpha: (H, W) float32 in [0, 1].
        save: which of the files to write.

    Raises:
        UserError: a file cannot be written.
    """
    alpha = alpha_to_bytes(alpha)
    if save != "none":
        write_image(folder / "alpha" / name, alpha)
    if save == "all":
        write_image(folder / "cutout" / name, cutout(image, alpha))


def write_report(
    folder: Path, measurements: Sequence[Measurement], matte_of: Callable[[PhotoWithAlpha, np.ndarray], Matte]
) -> None:
    """Write metrics.csv and contact_sheet.png.

    Args:
        folder: the folder to write to.
        measurements: at least one.
        matte_of: computes the matte of a sample and its image, for the photos on the contact sheet.

    Raises:
        UserError: a file cannot be written.
    """
    rows = ((each.sample.name, *(f"{each.values[name]:.6f}" for name in METRICS)) for each in measurements)
    write_csv(folder / METRICS_FILE, ("image", *METRICS), rows)
    write_image(folder / CONTACT_SHEET_FILE, _best_and_worst(measurements, matte_of))


def averages(measurements: Sequence[Measurement]) -> dict[str, float]:
    """The mean of each metric over the photos."""
    return {name: float(np.mean([each.values[name] for each in measurements])) for name in METRICS}


def _best_and_worst(
    measurements: Sequence[Measurement], matte_of: Callable[[PhotoWithAlpha, np.ndarray], Matte]
) -> np.ndarray:
    """Draw the photos with the lowest SAD on the left and the highest on the right, at most eight each."""
    by_sad = _by_sad(measurements)
    rows = min(_SHEET_ROWS, -(-len(by_sad) // 2))
    blocks = {"best": by_sad[:rows], "worst": by_sad[rows:][::-1][:rows]}
    titles = "true alpha", "predicted trimap", "predicted alpha", "cutout"
    sheets = [
        _sheet((f"{title}: photo", *titles), chosen, matte_of) for title, chosen in blocks.items() if chosen
    ]
    return side_by_side(sheets)


def best_median_worst(
    measurements: Sequence[Measurement], alpha_of: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Draw a picture of the best, median and worst photos by SAD, at most four of each.

    Args:
        measurements: at least one.
        alpha_of: computes the alpha (H, W) in [0, 1] of an image BGR (H, W, 3) uint8.

    Returns:
        BGR (h, w, 3) uint8.
    """
    by_sad = _by_sad(measurements)
    shown = min(_SHOWN_OF_EACH, -(-len(by_sad) // 3))
    middle = max(0, (len(by_sad) - shown) // 2)
    chosen = {"best": by_sad[:shown], "median": by_sad[middle : middle + shown], "worst": by_sad[-shown:]}
    titles = "true alpha", "alpha", "cutout"
    sheets = [
        _sheet((title, *titles), part, lambda _, image: (alpha_of(image),)) for title, part in chosen.items()
    ]
    return side_by_side(sheets)


def _by_sad(measurements: Sequence[Measurement]) -> list[Measurement]:
    return sorted(measurements, key=lambda each: each.values["sad"])


def _sheet(
    titles: Sequence[str],
    chosen: Sequence[Measurement],
    predicted: Callable[[PhotoWithAlpha, np.ndarray], tuple[np.ndarray, ...]],
) -> np.ndarray:
    """A row for each photo: it, its true alpha, what is predicted of it, alpha the last, and the cutout."""
    rows, captions = [], []
    for each in chosen:
        image, true_alpha = each.sample.read()
        *others, alpha = predicted(each.sample, image)
        alpha = alpha_to_bytes(alpha)
        rows.append((image, true_alpha, *others, alpha, on_checkerboard(image, alpha)))
        captions.append(f"SAD {each.values['sad']:.2f}")
    return contact_sheet(rows, titles, captions)
