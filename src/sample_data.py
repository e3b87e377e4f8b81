"""Make sample data: procedural portraits with exact alpha, in the layout of Matting Human Datasets."""

import argparse
import contextlib
import itertools
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tqdm import tqdm

from src.common.command_line import run_command
from src.common.errors import UserError
from src.common.process_pool import available_cores, map_unordered
from src.data.pair_folder import PairPaths, claimed, pair_paths, write_pair
from src.portrait.scene import SHOTS_PER_SESSION, render_portrait

DEFAULT_COUNT = 60
DEFAULT_SEED = 9527

_SEED_FILE = "seed.txt"
_FIRST_SESSION = datetime(2018, 3, 15, 18, 18)
_TIME_BETWEEN_SESSIONS = timedelta(minutes=37)


class _Portrait(NamedTuple):
    """Number `index` of a data set and the two files it is written to."""

    index: int
    paths: PairPaths


class _Session(NamedTuple):
    """The portraits of one shooting session that are to be made."""

    seed: int
    portraits: tuple[_Portrait, ...]


def make_sample_data(
    folder: str | Path, count: int, seed: int = DEFAULT_SEED, workers: int | None = None
) -> int:
    """Write `count` portraits and their mattes below `folder`, leaving out those that are there.

    Portrait number i is a function of (`seed`, i) alone, so a larger `count` later adds to the folder
    and the number of workers does not matter. Every file appears whole or not at all; a pair of which
    one file is missing is made again.

    Args:
        folder: gets `clip_img/<group>/clip_00000000/<name>.jpg` (photo, 600 x 800) and
            `matting/<group>/matting_00000000/<name>.png` (BGRA of the same size, alpha in channel 3).
            A group is one shooting session of 4 shots.
        count: number of portraits, at least 1.
        seed: 0 or more; another seed gives other people.
        workers: number of processes; None: one for every core.

    Returns:
        The number of portraits made by this call.

    Raises:
        UserError: a bad argument, a folder that cannot be written or that holds other data.
    """
    _check_arguments(count, seed, workers)
    folder = Path(folder)
    portraits = [_place(folder, index) for index in range(count)]
    with claimed(folder, _SEED_FILE, str(seed)):
        missing = [portrait for portrait in portraits if not portrait.paths.are_made]
        _make(missing, count, seed, workers)
    return len(missing)


def _make(missing: list[_Portrait], count: int, seed: int, workers: int | None) -> None:
    with tqdm(total=count, initial=count - len(missing), unit="image", desc="portraits") as bar:
        sessions = _by_session(missing, seed)
        workers = max(1, min(workers or available_cores(), len(sessions)))
        with contextlib.closing(map_unordered(_make_session, sessions, workers)) as results:
            for _, made in results:
                bar.update(made)


def _check_arguments(count: int, seed: int, workers: int | None) -> None:
    if count < 1:
        raise UserError(f"count is {count}; at least 1 portrait must be made")
    if seed < 0:
        raise UserError(f"seed is {seed}; it must be 0 or more")
    if workers is not None and workers < 1:
        raise UserError(f"workers is {workers}; at least 1 process is needed")


def _place(folder: Path, index: int) -> _Portrait:
    session, shot = divmod(index, SHOTS_PER_SESSION)
    group = (_FIRST_SESSION + session * _TIME_BETWEEN_SESSIONS).strftime("%y%m%d%H%M")
    return _Portrait(index, pair_paths(folder, group, f"{group}-{shot:08d}"))


def _by_session(portraits: list[_Portrait], seed: int) -> list[_Session]:
    """Keep the shots of a session together: they share a person and a background, made once."""
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
    parser.add_argument("folder", metavar="FOLDER", help="the data set is made here")
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT, help="portraits (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, help="changes the people (default: %(default)s)"
    )
    parser.add_argument("--workers", type=int, help="processes (default: one for every core)")
    arguments = parser.parse_args()
    made = make_sample_data(arguments.folder, arguments.count, arguments.seed, arguments.workers)
    print(f"{arguments.folder}: {arguments.count} portraits, {made} of them new")


if __name__ == "__main__":
    run_command(main)
