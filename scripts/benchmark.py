"""Measure the time and memory of the programs, each compared with another implementation.

python scripts/benchmark.py                     everything, more than half an hour on 2 cores
python scripts/benchmark.py --only network      one group
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `src` lies there

from src.benchmark import networks, rows  # noqa: E402
from src.benchmark.contender import Contender, LeftOutError  # noqa: E402
from src.benchmark.results import Result, draw, markdown, measure, summary  # noqa: E402
from src.benchmark.samples import Samples, make_samples  # noqa: E402
from src.benchmark.set_up import measure_set_ups  # noqa: E402
from src.common.atomic_file import write_text  # noqa: E402
from src.common.command_line import run_command  # noqa: E402

_GROUPS = (
    "use",
    "network",
    "plates",
    "runner",
    "steps",
    "pipeline",
    "generation",
    "files",
    "start",
    "memory",
)
_PRODUCTS = 10
_FEWEST_PAIRS = 60  # eight tenths of them must fill a few batches of 8


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=_GROUPS,
        default=_GROUPS,
        help="groups to measure (default: all); use also installs, which downloads gigabytes",
    )
    parser.add_argument(
        "--size", type=int, nargs="+", default=[320], help="sizes of the network's input (default: 320)"
    )
    parser.add_argument(
        "--batch",
        type=int,
        nargs="+",
        default=[2, 8],
        help="batch sizes of the training steps (default: 2 8)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        nargs="+",
        default=[1, 2],
        help="worker counts for reading the input (default: 1 2)",
    )
    parser.add_argument("--pairs", type=int, default=300, help="pairs in the data set (default: 300)")
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("benchmark"))
    arguments = parser.parse_args()
    if arguments.pairs < _FEWEST_PAIRS:
        parser.error(f"--pairs {arguments.pairs}: at least {_FEWEST_PAIRS} are needed")
    arguments.output.mkdir(parents=True, exist_ok=True)
    found = {"machine": _machine(), "peaks": {}}
    results = []
    with tempfile.TemporaryDirectory(prefix="shm-benchmark-") as folder:
        folder = Path(folder)
        needs_samples = set(arguments.only) - {"network", "plates", "steps"}
        samples = make_samples(folder, arguments.pairs) if needs_samples else None
        operation_seconds = _operation_seconds()
        for row in _rows(arguments, folder, samples):
            print(f"measuring: {row.title}", file=sys.stderr)
            measured = measure(row, operation_seconds)
            print(markdown(measured), file=sys.stderr)
            results += measured
            _write(arguments.output, found, results)
        if "memory" in arguments.only:
            for size in arguments.size:
                found["peaks"] |= _peaks(samples, size)
    if "use" in arguments.only:
        print("measuring: set-up", file=sys.stderr)
        results += measure_set_ups()
    _write(arguments.output, found, results)
    print(f"\n{found['machine']}\n\n{summary(results)}\n\n{markdown(results)}\n")
    for label, measured in found["peaks"].items():
        print(f"{label}: {measured}")


def _write(folder: Path, found: dict, results: list[Result]) -> None:
    found = {**found, "results": [each._asdict() for each in results]}
    write_text(folder / "benchmark.json", json.dumps(found, indent=1))
    draw(results, folder / "benchmark.png")


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("mindspore", "numpy"))
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {packages}"


def _operation_seconds() -> float:
    """Seconds per multiply-accumulate, from the fastest of several matrix products."""
    product = Contender("networks:matrix_product")
    seconds = min(product.seconds() for _ in range(_PRODUCTS))
    product.close()
    return seconds


def _rows(arguments: argparse.Namespace, folder: Path, samples: Samples | None) -> Iterator[rows.Row]:
    for group in arguments.only:
        if group == "use":
            yield from rows.use_rows(samples)
        elif group == "runner":
            yield from rows.runner_rows(samples, folder)
        elif group == "plates":
            yield from rows.plate_rows(folder)
        elif group == "generation":
            yield from rows.generation_rows(samples.source, arguments.pairs)
        elif group == "start":
            yield from rows.start_rows()
        else:
            for size in arguments.size:
                yield from _rows_at(size, group, arguments, folder, samples)


def _rows_at(
    size: int, group: str, arguments: argparse.Namespace, folder: Path, samples: Samples | None
) -> Iterator[rows.Row]:
    """The rows of a group for a size of the network's input."""
    if group == "network":
        operations = networks.multiply_accumulates(size)
        yield from rows.network_rows(size, operations["end_to_end"], folder)
    elif group == "steps":
        yield from rows.step_rows(size, arguments.batch, networks.multiply_accumulates(size))
    elif group == "pipeline":
        yield from rows.pipeline_rows(samples.data, size, arguments.workers)
    elif group == "files":
        yield from rows.file_rows(samples.data, size)


def _peaks(samples: Samples, size: int) -> dict[str, str]:
    """Peak memory of each task."""
    peaks = {}
    for label, work in rows.memory_works(samples.data, samples.large_photo, size).items():
        try:
            peaks[label] = f"{Contender(work.maker, *work.arguments).close() / 2**30:.2f} GiB at most"
        except LeftOutError as error:
            peaks[label] = f"left out: {error}"
    return peaks


if __name__ == "__main__":
    run_command(main)
