"""How mattes get worse with a plate that does not fit its photo, and whether the user is told of it."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.atomic_file import write_csv
from src.common.progress import Progress
from src.data.plate_pairs import PlatePair
from src.evaluation.plate_changes import CHANGES, UNITS, Change
from src.images.preprocessing import alpha_to_float
from src.metric import sad
from src.plates.matting import PlateMatting
from src.plates.preparation import PlatePreparation

WAYS = {
    "as it is": (False, False),
    "--align": (True, False),
    "--match-exposure": (False, True),
    "both": (True, True),
}  # whether the plate is aligned, and its light matched


class Outcome(NamedTuple):
    """What came of a photo and a changed plate."""

    photo: str
    change: Change
    way: str  # of WAYS
    sad: float  # thousands of pixels
    without: float  # the same of a model that needs no plate
    remarks: tuple[str, ...]  # what the user is told

    @property
    def is_silently_worse(self) -> bool:
        """Whether the photo were better matted without plate, and the user is not told of anything."""
        return self.sad > self.without and not self.remarks


class Row(NamedTuple):
    """All photos with one change, in one way."""

    change: Change
    way: str
    sad: float  # mean, as the next
    without: float
    photos: int
    warned: int  # how many photos came with a remark
    silently_worse: int  # see `Outcome`


def measure_robustness(
    matting: PlateMatting,
    without: Callable[[np.ndarray], np.ndarray],
    pairs: Sequence[PlatePair],
    changes: Sequence[Change] = CHANGES,
) -> list[Outcome]:
    """Matte photos with changed plates, in all ways.

    Args:
        matting: with plates.
        without: mattes a photo, BGR (H, W, 3) uint8, without plate: alpha (H, W) float32.
        pairs: photos, plates and true alphas.
        changes: of the plates.

    Raises:
        ImageError: a file cannot be read.
    """
    found = []
    with Progress("measuring", "plate", len(pairs) * len(changes) * len(WAYS)) as bar:
        for number, pair in enumerate(pairs):
            photo, plate, alpha = pair.read()
            true = alpha_to_float(alpha)
            plain = sad(without(photo), true)
            for change in changes:
                changed = change.apply(plate, number)
                for way, settings in WAYS.items():
                    prepared, remarks = PlatePreparation(matting, *settings).prepare(photo, changed, "plate")
                    error = sad(matting.predict(photo, prepared)[0], true)
                    found.append(Outcome(pair.name, change, way, error, plain, tuple(remarks)))
                    bar.update()
    return found


def summarise(outcomes: Sequence[Outcome]) -> list[Row]:
    """Put the photos of each change and way together."""
    rows = []
    for change, way in dict.fromkeys((each.change, each.way) for each in outcomes):
        own = [each for each in outcomes if (each.change, each.way) == (change, way)]
        rows.append(
            Row(
                change,
                way,
                float(np.mean([each.sad for each in own])),
                float(np.mean([each.without for each in own])),
                len(own),
                sum(bool(each.remarks) for each in own),
                sum(each.is_silently_worse for each in own),
            )
        )
    return rows


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as a table in Markdown."""
    lines = [
        "| plate | way | SAD | warned | worse than without plate, and not warned |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        warned = f"{row.warned} of {row.photos}"
        lines.append(f"| {row.change.title} | {row.way} | {row.sad:.3f} | {warned} | {row.silently_worse} |")
    return [*lines, f"| none | | {rows[0].without:.3f} | | |"]


def count_remarks(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How often each remark came; its numbers become N."""
    return Counter(re.sub(r"\d+", "N", remark) for each in outcomes for remark in each.remarks)


def write_outcomes(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write one row for each, as CSV."""
    rows = (
        (
            *(each.photo, each.change.kind, each.change.amount, each.way),
            *(f"{each.sad:.6f}", f"{each.without:.6f}", "; ".join(each.remarks)),
        )
        for each in outcomes
    )
    write_csv(path, ("photo", "change", "amount", "way", "SAD", "SAD without plate", "remarks"), rows)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw the mean SAD over the amount of each kind of change."""
    from src.common.plotting import plt, save_figure

    unchanged = {row.way: row.sad for row in rows if not row.change.amount}
    figure, panels = plt.subplots(1, len(UNITS), figsize=(10, 3.2), sharey=True, layout="constrained")
    for axes, (kind, unit) in zip(panels, UNITS.items(), strict=True):
        for way in WAYS:
            points = {row.change.amount: row.sad for row in rows if (row.change.kind, row.way) == (kind, way)}
            points = {0: unchanged[way], **points}
            axes.plot(points.keys(), points.values(), label=way, marker=".")
        axes.axhline(rows[0].without, color="0.5", linestyle=":", label="without plate")
        axes.set(xlabel=unit, ylim=(0, None))
    panels[0].set(ylabel="SAD, thousands of pixels")
    panels[-1].legend()
    save_figure(figure, path)
