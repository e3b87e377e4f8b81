"""Measure how mattes get worse with plates that are moved, brighter or noisy, and what the user is told.

python scripts/measure_plates.py PAIRS --checkpoint background_matting.ckpt --output robustness

PAIRS holds image/<name>, plate/<name> (or background/) and alpha/<name> (or mask/). Each plate is measured
as it is, with --align, with --match-exposure, and with both. The shipped model that needs no plate is
compared.
"""

import argparse
import sys
from pathlib import Path
from typing import get_args

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from src.common.command_line import run_command  # noqa: E402
from src.common.counts import positive  # noqa: E402
from src.data.plate_pairs import find_plate_pairs  # noqa: E402
from src.engines.engine_choice import EngineName  # noqa: E402
from src.engines.plate_engine import open_plate_engine, plate_system_of  # noqa: E402
from src.engines.shipped import shipped_model  # noqa: E402
from src.evaluation.plate_robustness import (  # noqa: E402
    count_remarks,
    draw,
    measure_robustness,
    summarise,
    table,
    write_outcomes,
)
from src.inference.matting import load_matting  # noqa: E402
from src.plates.matting import PlateMatting  # noqa: E402


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("pairs", metavar="PAIRS", type=Path)
    parser.add_argument("--checkpoint", metavar="FILE", type=Path, help="model (default: the shipped one)")
    parser.add_argument("--engine", choices=get_args(EngineName), default="auto", help="as predict.py")
    parser.add_argument("--count", metavar="N", type=positive, help="take only the first N photos")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path("robustness"),
        help="folder for robustness.csv and robustness.png (default: robustness)",
    )
    arguments = parser.parse_args()
    checkpoint = arguments.checkpoint or shipped_model("background_matting")
    pairs = find_plate_pairs(arguments.pairs)[: arguments.count]
    system = plate_system_of(checkpoint, None)
    matting = PlateMatting(open_plate_engine(checkpoint, system, engine=arguments.engine))
    without = load_matting(shipped_model("shm"))
    outcomes = measure_robustness(matting, without, pairs)
    rows = summarise(outcomes)
    write_outcomes(outcomes, arguments.output / "robustness.csv")
    draw(rows, arguments.output / "robustness.png")
    print("\n".join(table(rows)))
    for remark, count in count_remarks(outcomes).most_common():
        print(f"{count} times: {remark}")


if __name__ == "__main__":
    run_command(main)
