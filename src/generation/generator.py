"""Generates the data set for training, validation and test from the source data set."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from src.common.atomic_file import write_csv
from src.common.errors import UserError
from src.common.folder_lock import locked
from src.config import GenerateDataConfig
from src.generation.debug_set import choose_debug_pairs, link_debug_files
from src.generation.folder import (
    count_unlisted,
    list_files,
    require_same_splits,
    require_same_suffixes,
    write_lists,
)
from src.generation.journal import Journal
from src.generation.one_pass import count_outdated, make_pairs, plan_tasks
from src.generation.pair_files import PairResult
from src.generation.pairing import UNREADABLE, Pair, SkippedFile, find_pairs
from src.generation.pixel_sums import PixelSums
from src.generation.report import print_outdated, print_splits, print_stages, print_statistics, print_unlisted
from src.generation.splits import SPLITS, assign_splits

JOURNAL_FILE = "journal.jsonl"
SKIPPED_FILE = "skipped.csv"


def generate_datasets(config: GenerateDataConfig, seed: int) -> int:
    """Make the data set that `config` describes and print a summary; existing files are kept.

    If a run is killed at any point, the next run makes only what is missing. The source is only read.

    Args:
        config: the section generate_data.
        seed: seed for assigning groups to splits and for random kernel sizes.

    Returns:
        How many pairs cannot be used, such as damaged photos, and folders cannot be searched.

    Raises:
        UserError: the source cannot be used, a folder is not writable, is in use by another process, or
            already contains images in other splits, or photos with other suffixes; the message names the
            path or key and the remedy.
    """
    _require_separate_folders(config)
    pairs, skipped = find_pairs(Path(config.path_mt_human), config.list_error_files)
    _require_pairs(pairs, skipped, config)
    with locked(config.path_save):
        return _generate(config, seed, pairs, skipped)


def _generate(
    config: GenerateDataConfig, seed: int, pairs: Sequence[Pair], skipped: Sequence[SkippedFile]
) -> int:
    names = assign_splits([pair.matting for pair in pairs], config.parts(), config.split_by, seed)
    split_of = {pair: names[pair.matting] for pair in pairs}
    present = _own_files(config.path_save, "path_save", split_of)
    present_debug = _own_files(config.path_debug, "path_debug", split_of) if config.generate_debug else {}

    print_splits(split_of, config.parts())
    print_stages(config)
    results = _make(config, seed, split_of, present)
    unusable = [result.skipped for result in results.values() if result.skipped]
    _write_skipped(Path(config.path_save, SKIPPED_FILE), [*skipped, *unusable])
    usable = {
        split: [pair for pair in pairs if split_of[pair] == split and not results[pair].skipped]
        for split in SPLITS
    }
    _require_filled(usable, config)
    if config.generate_txt:
        print("Generate datasets txt ...")
        write_lists(Path(config.path_save), usable)
    print_unlisted(count_unlisted(present, usable), config.path_save)
    if config.generate_debug:
        _make_debug_set(config, usable, present_debug)
    measured = [results[pair] for pair in usable["train"] + usable["eval"]]
    if config.generate_mean_std:
        print("Generate train and eval datasets mean/std ...")
    print(f"Total images: {len(measured)}")
    if config.generate_mean_std:
        print_statistics(
            PixelSums.total(result.photo for result in measured),
            PixelSums.total(result.trimap for result in measured),
        )
    return len(unusable) + sum(each.reason.startswith(UNREADABLE) for each in skipped)


def _require_separate_folders(config: GenerateDataConfig) -> None:
    """Check that no output folder contains the source or lies inside it."""
    source = Path(config.path_mt_human).resolve()
    for key in ("path_save", "path_debug"):
        for split in SPLITS:
            folder = Path(getattr(config, key), split).resolve()
            if folder == source or folder in source.parents or source in folder.parents:
                raise UserError(
                    f"generate_data.{key} = {getattr(config, key)}: overlaps with the source "
                    f"{config.path_mt_human}, which must not be written to; set a folder outside it"
                )
    if Path(config.path_save).resolve() == Path(config.path_debug).resolve():
        raise UserError(
            f"generate_data.path_debug = {config.path_debug}: is the same folder as path_save; set another"
        )


def _require_pairs(pairs: Sequence[Pair], skipped: Sequence[SkippedFile], config: GenerateDataConfig) -> None:
    if not pairs:
        example = (
            f"; {len(skipped)} files were skipped, the first being {skipped[0].file}: {skipped[0].reason}"
            if skipped
            else ""
        )
        raise UserError(
            f"generate_data.path_mt_human = {config.path_mt_human}: contains no pair of clip_img/<group>/"
            f"clip_<sub>/<name>.jpg and matting/<group>/matting_<sub>/<name>.png{example}"
        )


def _require_filled(usable: Mapping[str, Sequence[Pair]], config: GenerateDataConfig) -> None:
    for (split, pairs), part in zip(usable.items(), config.parts(), strict=True):
        if part and not pairs:
            raise UserError(
                f"{config.path_save}: no image of the split {split} can be used (see {SKIPPED_FILE} there); "
                "repair or remove these files, and start again with a new generate_data.path_save"
            )


def _own_files(folder: str, key: str, split_of: Mapping[Pair, str]) -> dict[str, set[str]]:
    """List a data set's files from earlier runs, and check that splits and suffixes have not changed."""
    files = list_files(Path(folder))
    require_same_splits(Path(folder), key, files, split_of)
    require_same_suffixes(Path(folder), key, files, split_of)
    return files


def _make(
    config: GenerateDataConfig, seed: int, split_of: Mapping[Pair, str], present: Mapping[str, set[str]]
) -> dict[Pair, PairResult]:
    """Run the single pass; return each pair's result, from this run or an earlier one."""
    tasks = plan_tasks(config, seed, split_of)
    with Journal(Path(config.path_save, JOURNAL_FILE)) as journal:
        make_pairs(tasks, config, present, journal)
        journal.compact()
    print_outdated(count_outdated(tasks, present, journal), config.path_save)
    return {pair: journal[pair.matting].result for pair in split_of}


def _write_skipped(path: Path, skipped: Iterable[SkippedFile]) -> None:
    rows = sorted(skipped)
    write_csv(path, ("file", "reason"), ((row.file, row.reason) for row in rows))
    print(f"Skipped: {len(rows)} files, listed with reasons in {path}")


def _make_debug_set(
    config: GenerateDataConfig, usable: Mapping[str, Sequence[Pair]], present: Mapping[str, set[str]]
) -> None:
    print("Generate datasets_debug ...")
    chosen = choose_debug_pairs(usable, config.debug_pic_nums, config.parts())
    count = sum(map(len, chosen.values()))
    if count < config.debug_pic_nums:
        print(f"debug_pic_nums = {config.debug_pic_nums}, but the data set has only {count} images")
    link_debug_files(Path(config.path_save), Path(config.path_debug), chosen)
    if config.generate_txt:
        print("Generate datasets_debug txt ...")
        write_lists(Path(config.path_debug), chosen)
    print_unlisted(count_unlisted(present, chosen), config.path_debug)
