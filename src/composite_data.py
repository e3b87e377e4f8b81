"""Make training pictures of people in front of other backgrounds, in the layout of Matting Human Datasets.

    python src/composite_data.py COMPOSITES --people PEOPLE --backgrounds PHOTOS --count 4000

Every person is shown about equally often; a share of the pictures keep the photo's own background.
"""

import argparse
import sys
import zlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from src.common.command_line import SKIPPED_STATUS, run_command
from src.common.counts import fraction, natural, positive, require_at_least
from src.common.errors import UserError
from src.common.making import make_all, share_of
from src.common.names import as_bytes
from src.composites.backgrounds import find_background_files
from src.composites.pictures import Shares, Task, make_pictures
from src.data.lists import find_listed, read_lists
from src.data.pair_folder import PairPaths, claimed, pair_paths
from src.data.pairs import PhotoWithAlpha
from src.data.people import find_people, find_set
from src.images.suffixes import PHOTO_SUFFIXES

_SETTINGS_FILE = "composites.txt"
_LEAST_SIZE = 16  # pixels
_SHARES = {
    "keep": "of pictures that keep the photo's own background, if it is large enough",
    "whole": "of these that show the whole photo, with bars where it is not square",
    "bars": "of pictures with bars at two sides, as predict.py adds to photos that are not square",
    "near": "of pictures that are close-ups: only the upper part of the person",
    "replace": "of other backgrounds where the person replaces the person of another photo",
    "groups": "of the rest that show two to four people of one folder side by side",
    "walls": "of the rest in front of a drawn wall",
    "shadows": "of other backgrounds on which feet cast a shadow",
    "tints": "of other backgrounds tinted towards the person's colours",
    "backlit": "of other backgrounds where the person is dark before a bright background, as a silhouette",
    "clutter": "of the rest with things of random shape beside the person",
    "far": "of pictures that show people from afar, before another background",
    "parts": "of whole photos of tall people that show the upper or lower part alone",
    "faces": "of pictures whose faces are made unrecognisable",
    "arms": "of pictures with a drawn arm that reaches out and may hold something",
    "turned": "of pictures turned by up to 20 degrees",
    "empty": "of pictures without anybody, from which a model for videos learns that people come and go",
}
_LATER_SHARES = ("whole", "backlit", "clutter", "far", "parts", "faces", "arms", "turned", "empty")


def make_composites(
    folder: str | Path,
    people: Sequence[PhotoWithAlpha],
    backgrounds: Sequence[str | Path],
    count: int,
    *,
    excluded: Collection[str] = (),
    size: tuple[int, int] = (640, 480),
    passers_by: Sequence[PhotoWithAlpha] = (),
    seed: int = 0,
    workers: int | None = None,
    **shares: float,
) -> list[str]:
    """Write `count` pictures and their mattes below `folder`; existing ones are kept.

    Picture k of a person depends only on the seed, the person's name, k and the files. All pictures of a
    person form one group; a picture of several people belongs to the group of the first.

    Args:
        folder: the output folder, for the subfolders clip_img and matting.
        people: the people to show; see `find_people`.
        backgrounds: photos without people, or folders of them.
        count: total number of pictures.
        excluded: people who are never shown, not even as passers-by, and whose photos are not used as
            scenes; see `find_listed`.
        size: height and width of the pictures in pixels, at least 16.
        passers_by: up to three of these people are added, smaller, to half of the photos of `backgrounds`;
            they count as background.
        seed: random seed, at least 0; another seed gives other pictures.
        workers: number of processes; None: one for every core.
        shares: shares of the pictures, 0 to 1; see `Shares`.

    Returns:
        For each file that was left out, a line with its name and the reason.

    Raises:
        UserError: an argument is invalid, an excluded id does not exist, no background can be read, or the
            folder cannot be written, holds other data or already shows an excluded person.
    """
    shares = Shares(**shares)
    hidden = find_listed(excluded, people, passers_by)
    shown, passers_by = (
        tuple(person for person in each if person not in hidden) for each in (people, passers_by)
    )
    require_at_least(1, count=count, workers=workers)
    require_at_least(0, seed=seed)
    require_at_least(_LEAST_SIZE, height=size[0], width=size[1])
    for name, share in shares._asdict().items():
        if not 0 <= share <= 1:
            raise UserError(f"{name} is {share}; it must be a share from 0 to 1")
    if not shown:
        raise UserError("there is nobody to show: name people who are not excluded")
    scenes = tuple(person for person in shown if shares.replace and person.alpha is not None)
    if shares.replace and not scenes:
        raise UserError("cutouts have no photos in which a person could be replaced: leave out --replace")
    companions = shown if shares.groups else ()
    by_set = {find_set(person): [] for person in shown}
    for person in companions:
        by_set[find_set(person)].append(person)
    folder, problems = Path(folder), []
    files = find_background_files(backgrounds, PHOTO_SUFFIXES, "any, such as .jpg or .png", problems.append)
    note = {
        "seed": seed,
        "size": size,
        # Folders begun before these shares existed do not name them.
        **{name: share for name, share in shares._asdict().items() if name not in _LATER_SHARES or share},
        "scenes": _summary(person.name for person in scenes),
        "companions": _summary(person.name for person in companions),
        "passers_by": _summary(person.name for person in passers_by),
        "backgrounds": _summary(path.name for path in files),
    }
    with claimed(folder, _SETTINGS_FILE, ", ".join(f"{key} {value}" for key, value in note.items())):
        _require_hidden(folder, [person for person in people if person in hidden])
        tasks = []
        for number, person in enumerate(shown):
            try:
                missing = _missing(folder, person, share_of(count, len(shown), number))
            except OSError as error:  # the name is too long
                problems.append(f"{person.photo}: its pictures cannot be written: {error.strerror}")
                continue
            alike = tuple(each for each in by_set[find_set(person)] if each != person)
            tasks.append(Task(person, missing, files, passers_by, scenes, alike, seed, size, shares))
        for problem in problems:
            print(f"left out: {problem}")
        return problems + make_all(
            make_pictures,
            [task for task in tasks if task.pictures],
            lambda task: len(task.pictures),
            what="composites",
            unit="image",
            count=count,
            workers=workers,
        )


def _summary(names: Iterable[str]) -> str:
    """The number of files to draw from, and a checksum of their names, since both affect the pictures."""
    names = tuple(names)
    return f"{len(names)} ({zlib.crc32(as_bytes(chr(0).join(names))):08x})"


def _require_hidden(folder: Path, hidden: Sequence[PhotoWithAlpha]) -> None:
    """Check that no earlier run with other exclusions made pictures of these people."""
    for person in hidden:
        pictures = _picture(folder, person, 0).photo.parent
        if pictures.exists():
            raise UserError(f"{pictures}: made before this person was excluded; choose a new folder")


def _picture(folder: Path, person: PhotoWithAlpha, k: int) -> PairPaths:
    return pair_paths(folder, person.name, f"{person.name}-{k:05d}")


def _missing(folder: Path, person: PhotoWithAlpha, count: int) -> tuple[tuple[int, PairPaths], ...]:
    """The pictures of a person that are still to be made."""
    pictures = [(k, _picture(folder, person, k)) for k in range(count)]
    return tuple(each for each in pictures if not each[1].are_made)


def _parse_size(text: str) -> tuple[int, int]:
    sides = text.split("x")
    if len(sides) != 2 or not all(side.isdecimal() and int(side) >= _LEAST_SIZE for side in sides):
        raise argparse.ArgumentTypeError(
            f"{text}: must be width x height in pixels, from {_LEAST_SIZE}, such as 480x640"
        )
    return int(sides[1]), int(sides[0])


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
        help="folder with image/<id>.jpg and alpha/<id>.png (or mask/<id>.png), or with RGBA files at any "
        "depth; repeatable",
    )
    parser.add_argument(
        "--exclude",
        metavar="FILE",
        action="append",
        default=[],
        help="list of people to leave out, one per line: SET/ID for the folder of people named SET, or ID "
        "for all folders; repeatable",
    )
    parser.add_argument(
        "--backgrounds", metavar="PATH", nargs="+", required=True, help="photos without people, or folders"
    )
    parser.add_argument(
        "--count", type=positive, default=1000, help="number of pictures (default: %(default)s)"
    )
    parser.add_argument(
        "--size", type=_parse_size, default=(640, 480), metavar="WxH", help="in pixels (default: 480x640)"
    )
    for name, what in _SHARES.items():
        flags = (f"--{name}", "--swap") if name == "replace" else (f"--{name}",)  # --swap: the old name
        parser.add_argument(
            *flags,
            type=fraction,
            default=Shares._field_defaults[name],
            metavar="SHARE",
            help=f"share {what} (default: %(default)s)",
        )
    parser.add_argument(
        "--passers_by",
        metavar="FOLDER",
        action="append",
        default=[],
        help="folder of people, as for --people, who stand in half of the other backgrounds; repeatable",
    )
    parser.add_argument("--seed", type=natural, default=0, help="random seed (default: %(default)s)")
    parser.add_argument("--workers", type=positive, help="number of processes (default: one for every core)")
    arguments = parser.parse_args()
    problems: list[str] = []
    people, passers_by = (
        find_people(folders, problems.append) for folders in (arguments.people, arguments.passers_by)
    )
    for problem in problems:
        print(f"left out: {problem}")
    problems += make_composites(
        arguments.folder,
        people,
        arguments.backgrounds,
        arguments.count,
        excluded=read_lists(arguments.exclude),
        size=arguments.size,
        passers_by=passers_by,
        seed=arguments.seed,
        workers=arguments.workers,
        **{name: getattr(arguments, name) for name in _SHARES},
    )
    made = sum(1 for _ in Path(arguments.folder, "clip_img").rglob("[!.]*.jpg"))
    print(f"{arguments.folder}: holds {made} pictures")
    return SKIPPED_STATUS if problems else 0


if __name__ == "__main__":
    run_command(main)
