"""Make sample data: procedural portraits with exact alpha, in the layout of Matting Human Datasets."""

import argparse
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import cv2
import numpy as np
from tqdm import tqdm

from src.atomic_file import TEMPORARY_PREFIX, write_text
from src.command_line import run_command
from src.errors import UserError
from src.image_io import write_image
from src.portrait.scene import SHOTS_PER_SESSION, render_portrait

DEFAULT_COUNT = 60
DEFAULT_SEED = 9527

_SEED_FILE = "seed.txt"
_FIRST_SESSION = datetime(2018, 3, 15, 18, 18)
_TIME_BETWEEN_SESSIONS = timedelta(minutes=37)

# Set in a worker when the work is to end; a worker looks at it between two images.
_stop = None


class _Portrait(NamedTuple):
    """Number `index` of a data set and the two files it is written to."""

    index: int
    photo: Path
    matting: Path


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
    _claim_folder(folder, seed)
    _remove_leftovers(folder)
    portraits = [_place(folder, index) for index in range(count)]
    missing = [portrait for portrait in portraits if not _is_made(portrait)]
    with tqdm(total=count, initial=count - len(missing), unit="image", desc="portraits") as bar:
        for made in _run_sessions(seed, _by_session(missing), workers or os.cpu_count() or 1):
            bar.update(made)
    return len(missing)


def _check_arguments(count: int, seed: int, workers: int | None) -> None:
    if count < 1:
        raise UserError(f"count is {count}; at least 1 portrait must be made")
    if seed < 0:
        raise UserError(f"seed is {seed}; it must be 0 or more")
    if workers is not None and workers < 1:
        raise UserError(f"workers is {workers}; at least 1 process is needed")


def _claim_folder(folder: Path, seed: int) -> None:
    """Note the seed in the folder, so that portraits of two seeds or real photos are never mixed."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file; name a folder")
    note = folder / _SEED_FILE
    if not note.exists():
        if (folder / "clip_img").exists() or (folder / "matting").exists():
            raise UserError(f"{folder}: holds another data set; name a new folder")
        write_text(note, f"{seed}\n")
    elif note.read_text(encoding="utf-8").strip() != str(seed):
        raise UserError(f"{folder}: holds portraits of another seed (see {_SEED_FILE}); name a new folder")


def _remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a run that was killed."""
    for path in folder.glob(f"*/*/*/{TEMPORARY_PREFIX}*"):
        path.unlink(missing_ok=True)


def _place(folder: Path, index: int) -> _Portrait:
    session, shot = divmod(index, SHOTS_PER_SESSION)
    group = (_FIRST_SESSION + session * _TIME_BETWEEN_SESSIONS).strftime("%y%m%d%H%M")
    name = f"{group}-{shot:08d}"
    return _Portrait(
        index,
        folder / "clip_img" / group / "clip_00000000" / f"{name}.jpg",
        folder / "matting" / group / "matting_00000000" / f"{name}.png",
    )


def _is_made(portrait: _Portrait) -> bool:
    return portrait.photo.exists() and portrait.matting.exists()


def _by_session(portraits: list[_Portrait]) -> list[list[_Portrait]]:
    """Keep the shots of a session together: they share a person and a background, made once."""
    sessions: dict[int, list[_Portrait]] = {}
    for portrait in portraits:
        sessions.setdefault(portrait.index // SHOTS_PER_SESSION, []).append(portrait)
    return list(sessions.values())


def _run_sessions(seed: int, sessions: list[list[_Portrait]], workers: int) -> Iterator[int]:
    """Make the sessions in worker processes; yield how many portraits each one gave."""
    if not sessions:
        return
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    executor = ProcessPoolExecutor(min(workers, len(sessions)), context, _start_worker, (stop,))
    with executor:
        try:
            with _interrupt_ignored():
                futures = [executor.submit(_make_session, seed, session) for session in sessions]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise UserError(
                "a worker process was ended from outside; try again with fewer workers"
            ) from error
        finally:
            stop.set()
            executor.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _interrupt_ignored() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C: they inherit this, and the parent ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    earlier = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


def _start_worker(stop) -> None:
    global _stop
    _stop = stop
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _make_session(seed: int, portraits: list[_Portrait]) -> int:
    made = 0
    for portrait in portraits:
        if _stop.is_set():
            break
        photo, alpha = render_portrait(seed, portrait.index)
        write_image(portrait.photo, photo)
        write_image(portrait.matting, np.dstack([photo, alpha]))
        made += 1
    return made


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
