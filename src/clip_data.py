"""Make training clips for video: people of photos who move in front of moving backgrounds.

    python src/clip_data.py CLIPS/train --people PEOPLE --backgrounds PHOTOS --count 4000

Writes <clip>/com/<frame>.png and <clip>/pha/<frame>.png, 15 frames each. Existing clips are kept.
"""

import argparse
import sys
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from src.clips.backgrounds import Backgrounds
from src.clips.made_clip import FRAMES, draw_clip
from src.common.atomic_file import BadNameError, atomic_folder, is_made
from src.common.command_line import SKIPPED_STATUS, run_command
from src.common.counts import at_least, natural, positive, require_at_least
from src.common.errors import UserError
from src.common.folder_search import is_hidden
from src.common.making import make_all, random_for, share_of
from src.common.names import as_bytes
from src.composites.backgrounds import find_background_files
from src.composites.people import read_person
from src.data.lists import find_listed, read_lists
from src.data.pair_folder import claimed
from src.data.pairs import PhotoWithAlpha
from src.data.people import find_people
from src.images.files import ImageError, write_image
from src.images.suffixes import PHOTO_SUFFIXES
from src.videos.kinds import VIDEO_SUFFIXES

_SETTINGS_FILE = "clips.txt"
_LEAST_SIZE = 32  # pixels


class _Task(NamedTuple):
    """The clips to make of one person."""

    person: PhotoWithAlpha
    clips: tuple[tuple[int, Path], ...]  # number k and the folder to write
    backgrounds: Backgrounds
    seed: int
    size: int


def make_clips(
    folder: str | Path,
    people: Sequence[PhotoWithAlpha],
    backgrounds: Backgrounds,
    count: int,
    *,
    size: int = 512,
    seed: int = 0,
    workers: int | None = None,
) -> list[str]:
    """Write `count` clips below `folder`, each whole or not at all; existing ones are kept.

    Clip k of a person depends only on the seed, the person's name, k and the files.

    Args:
        folder: the output folder.
        people: the people to show, each about equally often; see `find_people`.
        backgrounds: to draw from.
        count: total number of clips.
        size: side of the frames in pixels, at least 32.
        seed: random seed, at least 0.
        workers: number of processes; None: one for every core.

    Returns:
        For each file that was left out, a line with its name and the reason.

    Raises:
        UserError: an argument is invalid, no background can be read, or the folder cannot be written, holds
            other data or already shows somebody else, such as a person who is excluded now.
    """
    require_at_least(1, count=count, workers=workers)
    require_at_least(0, seed=seed)
    require_at_least(_LEAST_SIZE, size=size)
    if not people:
        raise UserError("there is nobody to show: name people who are not excluded")
    if not any(backgrounds):
        raise UserError("there are no backgrounds")
    folder = Path(folder)
    files = zlib.crc32(as_bytes(chr(0).join(path.name for each in backgrounds for path in each)))
    photos, videos = map(len, backgrounds)
    note = f"seed {seed}, size {size}, people {len(people)}, backgrounds {photos} + {videos} ({files:08x})"
    with claimed(folder, _SETTINGS_FILE, note):
        _require_shown(folder, people)
        tasks = []
        for number, person in enumerate(people):
            share = share_of(count, len(people), number)
            clips = [(k, folder / f"{person.name}-{k:05d}") for k in range(share)]
            missing = tuple((k, clip) for k, clip in clips if not is_made(clip))
            if missing:
                tasks.append(_Task(person, missing, backgrounds, seed, size))
        return make_all(
            _make_clips_of,
            tasks,
            lambda task: len(task.clips),
            what="clips",
            unit="clip",
            count=count,
            workers=workers,
        )


def _require_shown(folder: Path, people: Sequence[PhotoWithAlpha]) -> None:
    """Check that no earlier run, such as one with other exclusions, made clips of anybody else."""
    shown = {person.name for person in people}
    for clip in sorted(folder.iterdir()):
        person, _, number = clip.name.rpartition("-")
        if number.isdecimal() and person not in shown and clip.is_dir() and not is_hidden(clip):
            raise UserError(
                f"{clip}: made of a person who is excluded now or not among the people; choose a new folder"
            )


def _make_clips_of(task: _Task) -> list[str]:
    """Returns a line for each file that cannot be used."""
    problems: list[str] = []
    try:
        person = read_person(task.person)
        for k, folder in task.clips:
            rng = random_for(task.seed, task.person.name, k)
            clip = draw_clip(rng, person, task.backgrounds, task.size, problems)
            _write(folder, clip.images(range(FRAMES)), clip.alphas(range(FRAMES)))
    except (ImageError, BadNameError) as error:
        problems.append(str(error))
    return problems


def _write(folder: Path, images: Sequence[np.ndarray], alphas: Sequence[np.ndarray]) -> None:
    with atomic_folder(folder) as temporary:
        for number, pair in enumerate(zip(images, alphas, strict=True)):
            for kind, picture in zip(("com", "pha"), pair, strict=True):
                write_image(Path(temporary, kind, f"{number:04d}.png"), picture)


def find_backgrounds(paths: Sequence[str | Path], leave_out=print) -> Backgrounds:
    """Find photos and videos without people: files, and those directly in folders.

    Args:
        paths: files and folders.
        leave_out: is told of each path that cannot be searched.

    Raises:
        UserError: a path holds neither.
    """
    suffixes = PHOTO_SUFFIXES + VIDEO_SUFFIXES
    return Backgrounds.of(find_background_files(paths, suffixes, "photos or videos", leave_out))


def shown_people(folders: Sequence[str], excluded: Collection[str], leave_out=print) -> list[PhotoWithAlpha]:
    """The people of some folders but for those listed; see `find_people` and `find_listed`."""
    people = find_people(folders, leave_out)
    hidden = find_listed(excluded, people)
    return [person for person in people if person not in hidden]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("folder", metavar="FOLDER", help="output folder")
    parser.add_argument(
        "--people",
        metavar="FOLDER",
        action="append",
        required=True,
        help="folder of people with alpha, as for src/composite_data.py; repeatable",
    )
    parser.add_argument(
        "--exclude",
        metavar="FILE",
        action="append",
        default=[],
        help="list of people to leave out, as for src/composite_data.py; repeatable",
    )
    parser.add_argument(
        "--backgrounds",
        metavar="PATH",
        nargs="+",
        required=True,
        help="photos and videos without people, or folders of them",
    )
    parser.add_argument("--count", type=positive, default=1000, help="number of clips (default: %(default)s)")
    parser.add_argument(
        "--size", type=at_least(_LEAST_SIZE), default=512, help="side in pixels (default: %(default)s)"
    )
    parser.add_argument("--seed", type=natural, default=0, help="random seed (default: %(default)s)")
    parser.add_argument("--workers", type=positive, help="number of processes (default: one for every core)")
    arguments = parser.parse_args()
    problems: list[str] = []
    people = shown_people(arguments.people, read_lists(arguments.exclude), problems.append)
    backgrounds = find_backgrounds(arguments.backgrounds, problems.append)
    for problem in problems:
        print(f"left out: {problem}")
    problems += make_clips(
        arguments.folder,
        people,
        backgrounds,
        arguments.count,
        size=arguments.size,
        seed=arguments.seed,
        workers=arguments.workers,
    )
    made = sum(1 for each in Path(arguments.folder).iterdir() if each.is_dir() and not is_hidden(each))
    print(f"{arguments.folder}: holds {made} clips")
    return SKIPPED_STATUS if problems else 0


if __name__ == "__main__":
    run_command(main)
