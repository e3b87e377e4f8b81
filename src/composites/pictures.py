"""Makes and writes the pictures of one person."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.atomic_file import BadNameError
from src.common.byte_cache import ByteCache
from src.common.making import random_for
from src.composites.backgrounds import draw_usable
from src.composites.camera import turn
from src.composites.compositing import composite, reframe, show_empty, show_whole, stand_in
from src.composites.framing import add_bars, come_near, draw_part, is_large_enough, see_part
from src.composites.hidden_face import hide_face
from src.composites.people import read_person, read_scene
from src.composites.person import Person
from src.composites.raised_arm import raise_arm
from src.composites.walls import draw_wall
from src.data.pair_folder import PairPaths, write_pair
from src.data.pairs import PhotoWithAlpha
from src.images.files import ImageError, read_image

_JPEG_QUALITIES = (50, 96)
_PASSERS_BY = 0.5  # share of other backgrounds that get passers-by, if any are given
_MOST_PASSERS_BY = 3
_MOST_COMPANIONS = 3
_DISTANCE = (1.3, 4)  # of people who are seen from afar, relative to others


class Shares(NamedTuple):
    """Shares of the pictures, 0 to 1. Pictures that do not keep their own background get another one."""

    keep: float = 0.35  # with the photo's own background, if it is large enough
    whole: float = 0.0  # of these: the whole photo instead of a part, with bars as predict.py adds them
    bars: float = 0.0  # with bars at two sides, as predict.py adds to photos that are not square
    near: float = 0.0  # close-ups that show only the upper part of the person
    replace: float = 0.0  # of other backgrounds: the person replaces the person of another photo
    groups: float = 0.0  # of the rest: two to four people of one folder side by side, all foreground
    walls: float = 0.0  # of the rest: in front of a drawn wall
    shadows: float = 0.0  # of other backgrounds: feet cast a shadow on the ground
    tints: float = 0.0  # of other backgrounds: tinted towards the person's colours
    backlit: float = 0.0  # of other backgrounds: the person is dark before a bright background
    clutter: float = 0.0  # of the rest: with things beside the person
    far: float = 0.0  # with people seen from afar, before another background
    parts: float = 0.0  # of whole photos of tall people: the upper or lower part alone
    faces: float = 0.0  # whose faces are made unrecognisable
    arms: float = 0.0  # with a drawn arm that reaches out, and may hold something
    turned: float = 0.0  # turned by up to 20 degrees
    empty: float = 0.0  # without anybody: a background alone, with an alpha of 0


class Task(NamedTuple):
    """The pictures to make of one person."""

    person: PhotoWithAlpha
    pictures: tuple[tuple[int, PairPaths], ...]  # number k and the files to write
    backgrounds: tuple[Path, ...]
    passers_by: tuple[PhotoWithAlpha, ...]
    scenes: tuple[PhotoWithAlpha, ...]
    companions: tuple[PhotoWithAlpha, ...]
    seed: int
    size: tuple[int, int]
    shares: Shares


def make_pictures(task: Task) -> list[str]:
    """Make the pictures of one person.

    Returns:
        For each file that cannot be used, a line with its name and the reason.

    Raises:
        UserError: none of the backgrounds can be read, or a file cannot be written.
    """
    problems: list[str] = []
    try:
        whole = read_person(task.person)
        for k, paths in task.pictures:
            rng = random_for(task.seed, task.person.name, k)
            image, alpha = _draw_picture(rng, whole, task, problems)
            write_pair(paths, image, alpha, int(rng.integers(*_JPEG_QUALITIES)))
    except (ImageError, BadNameError) as error:
        problems.append(str(error))
    return problems


def _draw_picture(
    rng: np.random.Generator, whole: Person, task: Task, problems: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one picture, BGR (H, W, 3) uint8, and its alpha (H, W) uint8, at the size of the task."""
    image, alpha = _draw_scene(rng, whole, task, problems)
    if _happens(rng, task.shares.faces):
        image = hide_face(rng, image, alpha)
    if _happens(rng, task.shares.arms):
        photo = draw_usable(rng, task.backgrounds, _read_background, problems)
        image, alpha = raise_arm(rng, image, alpha, photo)
    if _happens(rng, task.shares.turned):
        image, alpha = turn(rng, image, alpha)
    return add_bars(image, alpha, task.size)


def _draw_scene(
    rng: np.random.Generator, whole: Person, task: Task, problems: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a picture without bars, no larger than the size of the task."""
    shares = task.shares
    size = draw_part(rng, task.size) if rng.random() < shares.bars else task.size
    if _happens(rng, shares.empty):
        background = draw_usable(rng, task.backgrounds, _read_background, problems)
        return show_empty(rng, background, size)
    person = come_near(rng, whole, size) if rng.random() < shares.near else whole
    distance = float(np.exp(rng.uniform(*np.log(_DISTANCE)))) if _happens(rng, shares.far) else 1.0
    is_photo = task.person.alpha is not None and is_large_enough(person.alpha.shape, size)
    if distance == 1 and is_photo and rng.random() < shares.keep:
        if _happens(rng, shares.whole):
            if _happens(rng, shares.parts):
                person = see_part(rng, person)
            return show_whole(rng, person, task.size)
        return reframe(rng, person, size)
    ways = {
        "shadows": rng.random() < shares.shadows,
        "tinted": rng.random() < shares.tints,
        "backlit": _happens(rng, shares.backlit),
    }
    # A person in close-up is too large to replace most others.
    if person is whole and distance == 1 and rng.random() < shares.replace:
        scene = draw_usable(rng, task.scenes, _read_scene, problems)
        return stand_in(rng, person, scene, size, **ways)
    people = [person]
    if task.companions and rng.random() < shares.groups:
        people += _draw_people(rng, task.companions, _MOST_COMPANIONS, _read_companion, problems)
    passers_by: list[Person] = []
    if rng.random() < shares.walls:
        background = draw_wall(rng, size)
    else:
        background = draw_usable(rng, task.backgrounds, _read_background, problems)
        if task.passers_by and distance == 1 and rng.random() < _PASSERS_BY:
            passers_by = _draw_people(
                rng,
                task.passers_by,
                _MOST_PASSERS_BY,
                lambda files: _read_passer_by((files, max(task.size))),
                problems,
            )
    clutter = None
    if _happens(rng, shares.clutter):
        clutter = draw_usable(rng, task.backgrounds, _read_background, problems)
    return composite(rng, people, background, size, passers_by, distance=distance, clutter=clutter, **ways)


def _happens(rng: np.random.Generator, share: float) -> bool:
    """Whether one of the later shares is hit; with a share of 0 nothing is drawn, so older pictures stay."""
    return share > 0 and rng.random() < share


def _draw_people(
    rng: np.random.Generator,
    files: Sequence[PhotoWithAlpha],
    most: int,
    read: Callable[[PhotoWithAlpha], Person],
    problems: list[str],
) -> list[Person]:
    """Draw one to `most` different people; those that cannot be read are left out."""
    drawn = []
    count = min(int(rng.integers(1, most + 1)), len(files))
    for number in rng.choice(len(files), size=count, replace=False):
        try:
            drawn.append(read(files[number]))
        except ImageError as error:
            problems.append(str(error))
    return drawn


_MOST_BYTES = 1 << 28  # that each of these remembers, in each process

_read_scene = ByteCache(read_scene, _MOST_BYTES)
_read_companion = ByteCache(read_person, _MOST_BYTES)
_read_passer_by = ByteCache(lambda key: read_person(*key), _MOST_BYTES)  # of files and longest side
_read_background = ByteCache(read_image, _MOST_BYTES)
