"""The single pass over the source, which makes each pair's missing files."""

import contextlib
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from src.common.process_pool import available_cores, map_unordered
from src.common.progress import Progress
from src.config import GenerateDataConfig
from src.generation.folder import ALPHA, CLIP_IMG, KINDS, MASK, MATTING, TRIMAP, path_in_split
from src.generation.journal import Entry, Journal
from src.generation.pair_files import PairTask, make_pair
from src.generation.pairing import MATTING_FOLDER, PHOTO_FOLDER, Pair

SWITCH_OF_KIND = {
    CLIP_IMG: "copy_pic",
    MATTING: "copy_pic",
    MASK: "generate_mask",
    TRIMAP: "generate_trimap",
    ALPHA: "generate_alpha",
}
_SUMS = "sums"  # a product that is not a file; depends on the kernel size, like the trimap


def plan_tasks(config: GenerateDataConfig, seed: int, split_of: Mapping[Pair, str]) -> list[PairTask]:
    """Plan which files to make from each pair; `seed` determines random kernel sizes."""
    wanted = frozenset(kind for kind, switch in SWITCH_OF_KIND.items() if getattr(config, switch))
    source, save = Path(config.path_mt_human), Path(config.path_save)
    return [
        PairTask(pair, source, save, split, wanted, _kernel_size(config, seed, pair))
        for pair, split in split_of.items()
    ]


def make_pairs(
    tasks: Sequence[PairTask], config: GenerateDataConfig, present: Mapping[str, set[str]], journal: Journal
) -> None:
    """Make what is wanted but missing or out of date; afterwards `journal` has an entry for every pair.

    Args:
        tasks: all pairs.
        config: gives the number of workers and whether pixel sums are wanted.
        present: the files already in each split, from `list_files`.
        journal: what earlier runs made.

    Raises:
        UserError: a file cannot be written.
    """
    states = {task: _source_state(task) for task in tasks}
    to_do = {}  # each task with what earlier runs made from the same source files
    for task, state in states.items():
        entry = journal.get(task.pair.matting)
        if entry is None or entry.source_state != state:
            to_do[task] = {}
        elif not _is_complete(task, entry, present[task.split], config.generate_mean_std):
            to_do[task] = entry.made
    workers = max(1, min(config.num_workers or available_cores(), len(to_do)))
    with (
        Progress("data set", "image", len(tasks), initial=len(tasks) - len(to_do)) as progress,
        contextlib.closing(map_unordered(make_pair, _forgetting(to_do, journal), workers)) as results,
    ):
        for task, result in results:
            made = {**to_do[task], **_versions(task, {*task.wanted, _SUMS})}
            journal.record(task.pair.matting, Entry(states[task], made, result))
            progress.update()


def count_outdated(
    tasks: Sequence[PairTask], present: Mapping[str, set[str]], journal: Journal
) -> Counter[str]:
    """Count outdated files of each unwanted kind: made with another kernel size or from an older source."""
    outdated = Counter()
    for task in tasks:
        made = journal[task.pair.matting].made
        for kind, version in _versions(task, set(KINDS) - task.wanted).items():
            if path_in_split(kind, task.pair) in present[task.split] and made.get(kind) != version:
                outdated[kind] += 1
    return outdated


def _kernel_size(config: GenerateDataConfig, seed: int, pair: Pair) -> int:
    """Return a trimap's kernel size: ksize, or if it varies, between 0.5 and 1.5 times ksize."""
    if config.fixed_ksize:
        return config.ksize
    spread = config.ksize // 2
    return random.Random(f"{seed} {pair.matting}").randint(config.ksize - spread, config.ksize + spread)


def _source_state(task: PairTask) -> str:
    """Name, size, modification time and readability of the source files; a change means new content."""
    state = [task.pair.photo]
    for path in (
        task.source / PHOTO_FOLDER / task.pair.photo,
        task.source / MATTING_FOLDER / task.pair.matting,
    ):
        status = path.stat()
        state += [str(status.st_size), str(status.st_mtime_ns), str(os.access(path, os.R_OK))]
    return " ".join(state)


def _versions(task: PairTask, products: Iterable[str]) -> dict[str, int]:
    """What each product depends on besides the source files: the kernel size, or nothing (0)."""
    return {product: task.kernel_size if product in (TRIMAP, _SUMS) else 0 for product in products}


def _is_complete(task: PairTask, entry: Entry, present: set[str], sums_wanted: bool) -> bool:
    if entry.result.skipped:
        return not entry.result.skipped.may_pass
    needed = _versions(task, task.wanted | {_SUMS} if sums_wanted else task.wanted)
    return needed.items() <= entry.made.items() and all(
        path_in_split(kind, task.pair) in present for kind in task.wanted
    )


def _forgetting(tasks: Iterable[PairTask], journal: Journal) -> Iterator[PairTask]:
    """Yield the tasks, forgetting each one first: if the run is killed, no entry may remain for old files."""
    for task in tasks:
        journal.forget(task.pair.matting)
        yield task
