"""Measures the rows of the benchmark and presents the results as a table and a chart."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.benchmark.contender import Contender, LeftOutError
from src.benchmark.rows import BOUND, Row
from src.common.atomic_file import atomic_path
from src.common.plotting import plt

_PAUSE = 0.3  # seconds, so that the previous contender's threads go to sleep


class Result(NamedTuple):
    """The result of one contender in a row; times are seconds per item."""

    row: str
    item: str
    label: str
    median: float | None = None
    low: float | None = None  # quartile
    high: float | None = None  # quartile
    ratio: float | None = None  # speed relative to the baseline, median over rounds
    of_bound: float | None = None  # speed as a fraction of the upper bound
    left_out: str = ""  # why there are no numbers


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
    return results


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
        spread = "" if each.low is None else f"{_time(each.low)} to {_time(each.high)}"
        ratio = f"{each.ratio:.2f}" if each.ratio else ""
        share = f"{each.of_bound:.0%}" if each.of_bound else ""
        median = f"{_time(each.median)} a {each.item}"
        lines.append(f"| {title} | {each.label} | {median} | {spread} | {ratio} | {share} |")
    return "\n".join(lines)


def draw(results: Sequence[Result], path: Path) -> None:
    """Draw a bar for each contender: its time as a fraction of the slowest one's in its row."""
    results = [each for each in results if not each.left_out]
    slowest = {}
    for each in results:
        slowest[each.row] = max(each.median, slowest.get(each.row, 0))
    colours = {row: f"C{number % 10}" for number, row in enumerate(slowest)}
    figure, axes = plt.subplots(figsize=(9, 1 + 0.28 * len(results)), layout="constrained")
    values = [each.median / slowest[each.row] for each in results]
    axes.barh(range(len(results)), values, color=[colours[each.row] for each in results])
    axes.set_yticks(range(len(results)), [f"{each.row}: {each.label}" for each in results], fontsize=8)
    for place, each in enumerate(results):
        axes.text(values[place], place, f" {_time(each.median)}", va="center", fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15)
    axes.set_xlabel("time, as a share of the slowest in each group (shorter is faster)")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
    plt.close(figure)


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
