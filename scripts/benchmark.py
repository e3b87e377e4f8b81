"""Measure what the programs take, each beside another way of doing the same.

python scripts/benchmark.py                     everything, half an hour on 2 cores
python scripts/benchmark.py --only network      one group
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `src` and `tests` lie there

from src.atomic_file import write_text  # noqa: E402
from src.command_line import run_command  # noqa: E402
from src.matting import DEFAULT_SIZE  # noqa: E402
from tests.benchmark import networks, rows  # noqa: E402
from tests.benchmark.contender import Contender  # noqa: E402
from tests.benchmark.results import draw, markdown, measure  # noqa: E402
from tests.benchmark.samples import make_samples  # noqa: E402

_PRODUCTS = 10


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--only", nargs="+", choices=rows.GROUPS, default=rows.GROUPS)
    parser.add_argument("--size", type=int, default=320, help="of the network's input (default: 320)")
    parser.add_argument("--batch", type=int, nargs="+", default=[2, 8], help="of the steps (default: 2 8)")
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("benchmark"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shm-benchmark-") as folder:
        results, peaks = _measure_all(arguments, Path(folder))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    found = {"machine": machine, "results": [each._asdict() for each in results], "peaks": peaks}
    write_text(arguments.output / "benchmark.json", json.dumps(found, indent=1))
    if results:
        draw(results, arguments.output / "benchmark.png")
    print(f"\n{machine}\n\n{markdown(results)}")
    for label, peak in peaks.items():
        print(f"{label}: at most {peak / 2**30:.2f} GiB")


def _measure_all(arguments: argparse.Namespace, folder: Path):
    size = arguments.size
    product = Contender("networks:matrix_product")
    operation_seconds = min(product.seconds() for _ in range(_PRODUCTS))
    product.close()
    operations = networks.multiply_accumulates(size)
    samples = make_samples(folder) if set(arguments.only) - {"network", "steps"} else None
    makers = {
        "network": lambda: rows.network_rows(size, operations["end_to_end"]),
        "steps": lambda: rows.step_rows(size, arguments.batch, operations),
        "pipeline": lambda: rows.pipeline_rows(samples.data, size),
        "generation": lambda: rows.generation_rows(samples.source),
        "files": lambda: rows.file_rows(samples.data, size, DEFAULT_SIZE),
        "start": lambda: rows.start_rows(samples.photo),
        "memory": list,
    }
    results = []
    for row in (row for group in arguments.only for row in makers[group]()):
        print(f"measuring: {row.title}", file=sys.stderr)
        found = measure(row, operation_seconds)
        results += found
        print(markdown(found), file=sys.stderr)
    peaks = {}
    if "memory" in arguments.only:
        for label, work in rows.memory_works(samples.data, samples.large_photo, size).items():
            peaks[label] = Contender(work.maker, *work.arguments).close()
    return results, peaks


if __name__ == "__main__":
    run_command(main)
