"""Measures the rows of the benchmark and presents the results as a table and a chart."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.benchmark.contender import Contender, LeftOutError
from src.benchmark.rows import BOUND, Row
from src.common.plotting import plt, save_figure

_PAUSE = 0.3  # seconds, so that the previous contender's threads go to sleep


class Result(NamedTuple):
    """The result of one contender in a row, in `unit` per item."""

    row: str
    item: str
    label: str
    median: float | None = None
    low: float | None = None  # quartile
    high: float | None = None  # quartile
    ratio: float | None = None  # speed relative to the baseline, median over rounds
    of_bound: float | None = None  # speed as a fraction of the upper bound
    left_out: str = ""  # why there are no numbers
    is_ours: bool = False
    is_shown: bool = False  # in the chart and the short table
    unit: str = "s"  # or "MB", or "times" for ratios, which no item is counted by


def measure(row: Row, operation_seconds: float) -> list[Result]:
    """Run a row's workloads in turn, for its number of rounds.

    Args:
        row: the row to measure.
        operation_seconds: seconds per multiply-accumulate in a matrix product.
    """
    contenders, reasons = {}, {}
    for label, work in row.works.items():
        try:
            contenders[label] = Contender(work.maker, *work.arguments, environment=work.environment)
        except LeftOutError as error:
            reasons[label] = str(error)
    rounds = []
    for number in range(row.rounds):
        rounds.append({})
        for label in list(contenders)[:: 1 if number % 2 else -1]:  # alternate the order
            time.sleep(_PAUSE)
            try:
                rounds[-1][label] = contenders[label].seconds()
            except LeftOutError as error:
                reasons[label] = str(error)
                del contenders[label]
    for each in contenders.values():
        each.close()
    bound = row.operations * operation_seconds
    if BOUND in contenders:
        bound = float(np.median([each[BOUND] for each in rounds]))
    results = [_result(row, label, rounds, bound, reasons.get(label)) for label in row.works]
    if row.operations:
        results.append(Result(row.title, row.item, BOUND, bound))
    return [
        each._replace(is_ours=each.label in row.ours, is_shown=row.is_shown, unit=row.unit)
        for each in results
    ]


def _result(row: Row, label: str, rounds: list[dict[str, float]], bound: float, reason: str | None) -> Result:
    if reason:
        return Result(row.title, row.item, label, left_out=reason)
    low, median, high = np.percentile([each[label] for each in rounds], (25, 50, 75)).tolist()
    ratios = [each[row.baseline] / each[label] for each in rounds if row.baseline in each]
    ratio = float(np.median(ratios)) if ratios and label not in (row.baseline, BOUND) else None
    share = bound / median if bound and label != BOUND else None
    return Result(row.title, row.item, label, median, low, high, ratio, share)


def markdown(results: Iterable[Result]) -> str:
    """Return the results as a Markdown table; ratios above 1 are faster than the row's baseline."""
    lines = [
        "| work | by | median | quartiles | times as fast as the baseline | of the bound |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    shown = ""
    for each in results:
        title, shown = "" if each.row == shown else each.row, each.row
        if each.left_out:
            lines.append(f"| {title} | {each.label} | left out: {each.left_out} | | | |")
            continue
        spread = "" if each.low is None else f"{_amount(each.low, each)} to {_amount(each.high, each)}"
        ratio = f"{each.ratio:.2f}" if each.ratio else ""
        share = f"{each.of_bound:.0%}" if each.of_bound else ""
        median = _amount(each.median, each) + ("" if each.unit == "times" else f" a {each.item}")
        lines.append(f"| {title} | {each.label} | {median} | {spread} | {ratio} | {share} |")
    return "\n".join(lines)


def summary(results: Iterable[Result]) -> str:
    """Return a short Markdown table of the rows that are shown: a line for each row."""
    lines = ["| | this project | others |", "| --- | --- | --- |"]
    for title, alike in _shown(results).items():
        sides = [
            "; ".join(f"{each.label} {_amount(each.median, each)}" for each in alike if each.is_ours is ours)
            for ours in (True, False)
        ]
        lines.append(f"| {title} | {sides[0]} | {sides[1]} |")
    return "\n".join(lines)


def draw(results: Iterable[Result], path: Path) -> None:
    """Draw the rows that are shown, each with its own axis from 0; this project's bars are coloured."""
    rows = _shown(results)
    if not rows:
        return
    heights = [len(alike) + 1 for alike in rows.values()]
    figure, panels = plt.subplots(
        len(rows),
        figsize=(9, 0.34 * sum(heights) + 0.3),
        height_ratios=heights,
        layout="constrained",
        squeeze=False,
    )
    for axes, (title, alike) in zip(panels[:, 0], rows.items(), strict=True):
        values = [each.median for each in alike]
        axes.barh(range(len(alike)), values, color=["C0" if each.is_ours else "0.7" for each in alike])
        axes.set_yticks(range(len(alike)), [each.label for each in alike], fontsize=9)
        for place, each in enumerate(alike):
            axes.text(values[place], place, f" {_amount(each.median, each)}", va="center", fontsize=9)
        axes.invert_yaxis()
        axes.set_xlim(0, 1.12 * max(values))
        axes.set_title(title, fontsize=10, loc="left")
        axes.tick_params(axis="x", labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    panels[-1, 0].set_xlabel("seconds or megabytes (shorter is better)", fontsize=9)
    save_figure(figure, path, dpi=110)


def _shown(results: Iterable[Result]) -> dict[str, list[Result]]:
    rows: dict[str, list[Result]] = {}
    for each in results:
        if each.is_shown and not each.left_out and each.label != BOUND:
            rows.setdefault(each.row, []).append(each)
    return rows


def _amount(value: float, result: Result) -> str:
    match result.unit:
        case "s":
            return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.3g} ms"
        case "times":
            return f"{value:.2f} times"
        case _:
            return f"{value:.0f} {result.unit}"
