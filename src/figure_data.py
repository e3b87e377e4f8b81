"""Render people in all poses as RGBA files, for the --people of composite_data.py.

    python src/figure_data.py FIGURES --count 600

Photos of people who raise their arms, sit, kneel or leap are rare; these are computed, with exact alpha.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from src.common.command_line import run_command
from src.common.counts import natural, positive, require_at_least
from src.common.errors import UserError
from src.common.making import make_all
from src.data.pair_folder import claimed
from src.figures.body import load_body
from src.figures.person import draw_person
from src.images.files import write_image

DEFAULT_HEIGHT = 720

_SETTINGS_FILE = "figures.txt"


def make_figures(
    folder: str | Path, count: int, *, height: int = DEFAULT_HEIGHT, seed: int = 0, workers: int | None = None
) -> int:
    """Write `count` people below `folder`, as figure_00000.png and so on; existing ones are kept.

    Person number i depends only on the seed, the height and i.

    Args:
        folder: the output folder.
        count: number of people, at least 1.
        height: of the pictures in pixels, 64 to 4096.
        seed: random seed, at least 0; another seed gives other people.
        workers: number of processes; None: one for every core.

    Returns:
        How many were made by this call.

    Raises:
        UserError: an argument is invalid, the package `anny` is missing, or the folder cannot be written or
            holds other data.
    """
    require_at_least(1, count=count, workers=workers)
    require_at_least(0, seed=seed)
    if not 64 <= height <= 4096:
        raise UserError(f"height is {height}; it must be from 64 to 4096")
    folder = Path(folder)
    with claimed(folder, _SETTINGS_FILE, f"seed {seed}, height {height}", depth=1):
        missing = [number for number in range(count) if not _file(folder, number).exists()]
        if missing:
            load_body()  # the first time, it writes a cache that the workers then read
        make_all(
            partial(_make, folder, height, seed),
            missing,
            lambda _: 1,
            what="figures",
            unit="image",
            count=count,
            workers=workers,
        )
    return len(missing)


def _make(folder: Path, height: int, seed: int, number: int) -> list[str]:
    image, alpha = draw_person(np.random.default_rng((seed, number)), height)
    write_image(_file(folder, number), np.dstack((image, alpha)))
    return []


def _file(folder: Path, number: int) -> Path:
    return folder / f"figure_{number:05d}.png"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("folder", metavar="FOLDER", help="where to make them")
    parser.add_argument("--count", type=positive, default=600, help="number of people (default: %(default)s)")
    parser.add_argument(
        "--height",
        type=positive,
        default=DEFAULT_HEIGHT,
        help="of the pictures (default: %(default)s pixels)",
    )
    parser.add_argument("--seed", type=natural, default=0, help="random seed (default: %(default)s)")
    parser.add_argument("--workers", type=positive, help="number of processes (default: one for every core)")
    arguments = parser.parse_args()
    made = make_figures(
        arguments.folder,
        arguments.count,
        height=arguments.height,
        seed=arguments.seed,
        workers=arguments.workers,
    )
    print(f"{arguments.folder}: {arguments.count} people, {made} of them new")


if __name__ == "__main__":
    run_command(main)
