"""Make sample data: procedural portraits with exact alpha, in the layout of the Matting Human Datasets."""

import argparse
import contextlib
import itertools
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from src.common.command_line import run_command
from src.common.counts import natural, positive, require_at_least
from src.common.process_pool import available_cores, map_unordered
from src.common.progress import Progress
from src.data.pair_folder import PairPaths, claimed, pair_paths, write_pair
from src.portrait.scene import SHOTS_PER_SESSION, render_portrait

DEFAULT_COUNT = 60
DEFAULT_SEED = 9527

_SEED_FILE = "seed.txt"
_FIRST_SESSION = datetime(2018, 3, 15, 18, 18)
_TIME_BETWEEN_SESSIONS = timedelta(minutes=37)


class _Portrait(NamedTuple):
    """A portrait's number in the data set and the two files it is written to."""

    index: int
    paths: PairPaths


class _Session(NamedTuple):
    """The portraits to make from one shooting session."""

    seed: int
    portraits: tuple[_Portrait, ...]


def make_sample_data(
    folder: str | Path, count: int, seed: int = DEFAULT_SEED, workers: int | None = None
) -> int:
    """Write `count` portraits and their mattings below `folder`, skipping existing ones.

    Portrait number i depends only on (`seed`, i), so a later call with a larger `count` adds to the folder,
    and the number of workers makes no difference. Files are written atomically; a pair with one file
    missing is made again.

    Args:
        folder: receives `clip_img/<group>/clip_00000000/<name>.jpg` (photo, 600 x 800) and
            `matting/<group>/matting_00000000/<name>.png` (BGRA of the same size, alpha in channel 3).
            A group is one shooting session of 4 shots.
        count: number of portraits, at least 1.
        seed: 0 or more; another seed gives different people.
        workers: number of processes; None for one per core.

    Returns:
        The number of portraits made by this call.

    Raises:
        UserError: an argument is invalid, or the folder is not writable or contains other data.
    """
    require_at_least(1, count=count, workers=workers)
    require_at_least(0, seed=seed)
    folder = Path(folder)
    portraits = [_place(folder, index) for index in range(count)]
    with claimed(folder, _SEED_FILE, str(seed)):
        missing = [portrait for portrait in portraits if not portrait.paths.are_made]
        _make(missing, count, seed, workers)
    return len(missing)


def _make(missing: list[_Portrait], count: int, seed: int, workers: int | None) -> None:
    with Progress("portraits", "image", count, initial=count - len(missing)) as bar:
        sessions = _by_session(missing, seed)
        workers = max(1, min(workers or available_cores(), len(sessions)))
        with contextlib.closing(map_unordered(_make_session, sessions, workers)) as results:
            for _, made in results:
                bar.update(made)


def _place(folder: Path, index: int) -> _Portrait:
    session, shot = divmod(index, SHOTS_PER_SESSION)
    group = (_FIRST_SESSION + session * _TIME_BETWEEN_SESSIONS).strftime("%y%m%d%H%M")
    return _Portrait(index, pair_paths(folder, group, f"{group}-{shot:08d}"))


def _by_session(portraits: list[_Portrait], seed: int) -> list[_Session]:
    """Group the shots of each session: they share a person and a background, which are made once."""
    shots = itertools.groupby(portraits, key=lambda portrait: portrait.index // SHOTS_PER_SESSION)
    return [_Session(seed, tuple(group)) for _, group in shots]


def _make_session(session: _Session) -> int:
    for portrait in session.portraits:
        photo, alpha = render_portrait(session.seed, portrait.index)
        write_pair(portrait.paths, photo, alpha)
    return len(session.portraits)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("folder", metavar="FOLDER", help="where to make the data set")
    parser.add_argument(
        "--count", type=positive, default=DEFAULT_COUNT, help="number of portraits (default: %(default)s)"
    )
    parser.add_argument(
        "--seed",
        type=natural,
        default=DEFAULT_SEED,
        help="another seed gives different people (default: %(default)s)",
    )
    parser.add_argument("--workers", type=positive, help="number of processes (default: one per core)")
    arguments = parser.parse_args()
    made = make_sample_data(arguments.folder, arguments.count, arguments.seed, arguments.workers)
    print(f"{arguments.folder}: {arguments.count} portraits, {made} of them new")


if __name__ == "__main__":
    run_command(main)
