"""Make training pictures of people before other backgrounds, in the layout of Matting Human Datasets.

    python src/composite_data.py COMPOSITES --people PEOPLE --backgrounds PHOTOS --count 4000

Every person is shown about equally often; a share of the pictures keeps the photo's own background.
"""

import argparse
import contextlib
import functools
import sys
import zlib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from tqdm import tqdm

from src.common.command_line import SKIPPED_STATUS, run_command
from src.common.errors import UserError
from src.common.process_pool import available_cores, map_unordered
from src.composites.compositing import Person, add_bars, come_near, composite, draw_part, reframe, stand_in
from src.composites.people import PersonFiles, find_people, read_ids, read_person, read_scene, require_known
from src.data.pair_folder import PairPaths, claimed, pair_paths, write_pair
from src.images.files import DATA_SUFFIXES, ImageError, read_image

_SETTINGS_FILE = "composites.txt"
_JPEG_QUALITIES = (50, 96)
_PASSERS_BY = 0.5  # of other backgrounds have them, where there are any
_MOST_PASSERS_BY = 3

_File = TypeVar("_File")
_Read = TypeVar("_Read")


class _Settings(NamedTuple):
    """What decides how pictures come out."""

    seed: int
    size: tuple[int, int]  # height and width
    keep: float  # chance that a photo's own background stays
    bars: float  # chance of bars at two sides
    near: float  # chance that only the upper part of the person is shown
    swap: float  # chance that another background is someone else's photo
    passers_by: int  # number of people who may stand behind


class _Task(NamedTuple):
    """The pictures of one person that are to be made."""

    person: PersonFiles
    pictures: tuple[tuple[int, PairPaths], ...]
    backgrounds: tuple[Path, ...]
    passers_by: tuple[PersonFiles, ...]
    scenes: tuple[PersonFiles, ...]
    settings: _Settings


def make_composites(
    folder: str | Path,
    people: Sequence[PersonFiles],
    backgrounds: Sequence[str | Path],
    count: int,
    *,
    excluded: Collection[str] = (),
    size: tuple[int, int] = (640, 480),
    keep: float = 0.35,
    bars: float = 0.0,
    near: float = 0.0,
    swap: float = 0.0,
    passers_by: Sequence[PersonFiles] = (),
    seed: int = 0,
    workers: int | None = None,
) -> list[str]:
    """Write `count` pictures and their mattes below `folder`, leaving out those that are there.

    Picture k of a person is a function of the seed, the person's name, k and the files alone. All pictures
    of a person are one group.

    Args:
        folder: gets clip_img and matting.
        people: who is shown; see `find_people`.
        backgrounds: photos without people, or folders of them.
        count: of pictures, all together.
        excluded: ids of people who are never shown, not as passers-by either.
        size: height and width of the pictures.
        keep: share of pictures with the photo's own background, where there is one.
        bars: share of pictures with bars at two sides, as predict.py shows the network photos that are not
            square.
        near: share of pictures with the upper part of a person alone.
        swap: share of the other backgrounds that are someone else's photo, where the person stands in place
            of that one: streets with what is found there, passers-by too.
        passers_by: up to three of these people stand, smaller, in half of the other backgrounds; they count
            as background.
        seed: another gives other pictures.
        workers: number of processes; None: one for every core.

    Returns:
        What was left out, with the reason.

    Raises:
        UserError: a bad argument, an excluded id that is nobody's, or a folder that cannot be written, holds
            other data or shows someone excluded.
    """
    require_known(excluded, people)
    hidden = [person for person in people if person.photo.stem in excluded]
    people, passers_by = (
        tuple(person for person in each if person.photo.stem not in excluded) for each in (people, passers_by)
    )
    shares = keep, bars, near, swap
    if count < 1 or not all(0 <= share <= 1 for share in shares) or min(size) < 16 or seed < 0 or not people:
        raise UserError(
            "at least 1 picture of 1 person, shares of 0 to 1, a size from 16 and a seed from 0 on are needed"
        )
    scenes = tuple(person for person in people if swap and person.alpha is not None)
    if swap and not scenes:
        raise UserError("cutouts have no photos in which someone else could stand: leave out --swap")
    folder = Path(folder)
    settings = _Settings(seed, size, keep, bars, near, swap, len(passers_by))
    note = ", ".join(f"{key} {value}" for key, value in settings._asdict().items())
    files = _find_backgrounds(backgrounds)
    with claimed(folder, _SETTINGS_FILE, note):
        _require_hidden(folder, hidden)
        tasks = []
        for number, person in enumerate(people):
            missing = _missing(folder, person, _share(count, len(people), number))
            tasks.append(_Task(person, missing, files, passers_by, scenes, settings))
        return _make([task for task in tasks if task.pictures], count, workers)


def _require_hidden(folder: Path, hidden: Sequence[PersonFiles]) -> None:
    """Make sure that no earlier run, with other exclusions, made pictures of these people."""
    for person in hidden:
        pictures = _picture(folder, person, 0).photo.parent
        if pictures.exists():
            raise UserError(f"{pictures}: made before this person was excluded; name a new folder")


def _picture(folder: Path, person: PersonFiles, k: int) -> PairPaths:
    return pair_paths(folder, person.name, f"{person.name}-{k:05d}")


def _make(tasks: Sequence[_Task], count: int, workers: int | None) -> list[str]:
    left_out = []
    missing = sum(len(task.pictures) for task in tasks)
    with tqdm(total=count, initial=count - missing, unit="image", desc="composites") as bar:
        workers = max(1, min(workers or available_cores(), len(tasks)))
        with contextlib.closing(map_unordered(_make_pictures, tasks, workers)) as results:
            for task, problems in results:
                bar.update(len(task.pictures))
                for problem in problems:
                    if problem not in left_out:
                        left_out.append(problem)
                        bar.write(f"left out: {problem}")
    return left_out


def _share(count: int, people: int, number: int) -> int:
    """How many of `count` pictures show person `number`."""
    return count // people + (number < count % people)


def _missing(folder: Path, person: PersonFiles, count: int) -> tuple[tuple[int, PairPaths], ...]:
    """Which of a person's pictures are still to be made."""
    pictures = [(k, _picture(folder, person, k)) for k in range(count)]
    return tuple(each for each in pictures if not each[1].are_made)


def _find_backgrounds(paths: Sequence[str | Path]) -> tuple[Path, ...]:
    files = []
    for path in map(Path, paths):
        found = [path] if path.is_file() else sorted(path.iterdir()) if path.is_dir() else []
        found = [each for each in found if each.suffix.lower() in DATA_SUFFIXES]
        if not found:
            raise UserError(f"{path}: no such background, or a folder without any (.jpg, .png)")
        files += found
    return tuple(files)


def _make_pictures(task: _Task) -> list[str]:
    """Make the pictures of one person; returns which files cannot be used, with the reason."""
    seed, size, keep, bars, near, swap, _ = task.settings
    problems = []
    try:
        whole = read_person(task.person)
        for k, paths in task.pictures:
            rng = np.random.default_rng((seed, zlib.crc32(task.person.name.encode()), k))
            shown = draw_part(rng, size) if rng.random() < bars else size
            person = come_near(rng, whole) if rng.random() < near else whole
            if task.person.alpha is not None and rng.random() < keep:
                image, alpha = reframe(rng, person.image, person.alpha, shown)
            elif swap and rng.random() < swap:
                scene = _draw_usable(rng, task.scenes, _read_scene, problems)
                image, alpha = reframe(rng, *stand_in(rng, person, scene), shown)
            else:
                background = _draw_usable(rng, task.backgrounds, _read_background, problems)
                passers_by = _draw_passers_by(rng, task, problems)
                image, alpha = composite(rng, person, background, shown, passers_by)
            image, alpha = add_bars(image, alpha, size)
            write_pair(paths, image, alpha, int(rng.integers(*_JPEG_QUALITIES)))
    except ImageError as error:
        problems.append(str(error))
    return problems


def _draw_passers_by(rng: np.random.Generator, task: _Task, problems: list[str]) -> list[Person]:
    if not task.passers_by or rng.random() >= _PASSERS_BY:
        return []
    chosen = rng.integers(len(task.passers_by), size=rng.integers(1, _MOST_PASSERS_BY + 1))
    drawn = []
    for number in chosen:
        try:
            drawn.append(_read_passer_by(task.passers_by[number]))
        except ImageError as error:
            problems.append(str(error))
    return drawn


def _draw_usable(
    rng: np.random.Generator, files: Sequence[_File], read: Callable[[_File], _Read], problems: list[str]
) -> _Read:
    """What one of the files holds, drawn at random; where it cannot be read, the next one."""
    first = int(rng.integers(len(files)))
    for further in range(len(files)):
        try:
            return read(files[(first + further) % len(files)])
        except ImageError as error:
            problems.append(str(error))
    raise UserError(f"none of the {len(files)} backgrounds can be read; the last: {problems[-1]}")


_read_scene = functools.lru_cache(maxsize=64)(read_scene)
_read_passer_by = functools.lru_cache(maxsize=64)(read_person)


@functools.lru_cache(maxsize=16)
def _read_background(path: Path) -> np.ndarray:
    return read_image(path)


def _parse_size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(height), int(width)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("folder", metavar="FOLDER", help="the pictures are made here")
    parser.add_argument(
        "--people",
        metavar="FOLDER",
        action="append",
        required=True,
        help="image/<id>.jpg with alpha/<id>.png or mask/<id>.png, or RGBA files at any depth; repeatable",
    )
    parser.add_argument("--exclude", metavar="FILE", help="ids of people to leave out, one a line")
    parser.add_argument(
        "--backgrounds", metavar="PATH", nargs="+", required=True, help="photos without people, or folders"
    )
    parser.add_argument("--count", type=int, default=1000, help="pictures (default: %(default)s)")
    parser.add_argument(
        "--size", type=_parse_size, default=(640, 480), metavar="WxH", help="of pictures (default: 480x640)"
    )
    shares = {
        "keep": (0.35, "with their own background"),
        "bars": (0, "with bars, as predict.py adds them"),
        "near": (0, "with the upper part of a person"),
        "swap": (0, "of the other backgrounds that are someone else's photo"),
    }
    for name, (default, what) in shares.items():
        parser.add_argument(
            f"--{name}", type=float, default=default, help=f"share {what} (default: %(default)s)"
        )
    parser.add_argument(
        "--passers_by",
        metavar="FOLDER",
        action="append",
        default=[],
        help="people, as for --people, who stand in half of the other backgrounds; repeatable",
    )
    parser.add_argument("--seed", type=int, default=0, help="gives other pictures (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="processes (default: one for every core)")
    arguments = parser.parse_args()
    people = find_people(arguments.people)
    excluded = read_ids(arguments.exclude) if arguments.exclude else frozenset()
    problems = make_composites(
        arguments.folder,
        people,
        arguments.backgrounds,
        arguments.count,
        excluded=excluded,
        size=arguments.size,
        keep=arguments.keep,
        bars=arguments.bars,
        near=arguments.near,
        swap=arguments.swap,
        passers_by=find_people(arguments.passers_by),
        seed=arguments.seed,
        workers=arguments.workers,
    )
    made = sum(1 for _ in Path(arguments.folder, "clip_img").rglob("*.jpg"))
    print(f"{arguments.folder}: holds {made} pictures")
    return SKIPPED_STATUS if problems else 0


if __name__ == "__main__":
    run_command(main)
