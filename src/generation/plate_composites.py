"""Makes fixed composites to evaluate Background Matting V2 on; the same seed gives the same pictures."""

import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.atomic_file import BadNameError, is_made
from src.common.making import make_all
from src.common.names import as_bytes
from src.composites.stored_people import FOREGROUNDS, read_stored_person
from src.config_sections import PlateCompositesConfig
from src.data.pair_folder import claimed
from src.data.pairs import PhotoWithAlpha
from src.data.plate_composites import NOTE, SPLIT, PlateComposite
from src.data.plate_files import find_plate_people, find_plates
from src.data.plate_sample import SampleMaker, in_bytes, in_floats
from src.images.files import ImageError, read_image, write_image

_KINDS = ("image", "plate", "alpha", "foreground")
_SMALLEST_PERSON = 0.55  # of what covers the square, as in the published evaluation


class _Settings(NamedTuple):
    plates: tuple[Path, ...]
    side: int
    seed: int
    foregrounds: Path | None  # where colours that are estimated from photos are kept


class _Task(NamedTuple):
    number: int
    person: PhotoWithAlpha
    composite: PlateComposite


def make_plate_composites(settings: PlateCompositesConfig, seed: int) -> list[str]:
    """Write composites of people on plates; those that are there are kept.

    Composite k depends only on the seed, k and the files.

    Args:
        settings: the section generate_data.
        seed: of all that is drawn.

    Returns:
        A line for each composite that was left out.

    Raises:
        UserError: there are no people or plates, or the folder cannot be written or holds other data.
    """
    people, are_photos = find_plate_people(Path(settings.path_people))
    plates = find_plates(Path(settings.path_backgrounds))
    folder = Path(settings.path_save)
    note = {
        "seed": seed,
        "side": settings.side,
        "count": settings.count,
        "people": _summary([each.name for each in people]),
        "plates": _summary([path.name for path in plates]),
    }
    foregrounds = Path(settings.path_people, FOREGROUNDS) if are_photos else None
    tasks = []
    for number in range(settings.count):
        person = people[number % len(people)]
        name = f"{number:05d}_{person.name.replace('/', '_')}.png"
        tasks.append(_Task(number, person, PlateComposite(name, folder)))
    described = ", ".join(f"{key} {value}" for key, value in note.items())
    # Beside it, the folder may hold train/ and the like, to train on.
    with claimed(folder, NOTE, described, depth=2, part=SPLIT):
        missing = [task for task in tasks if not all(is_made(task.composite.file(kind)) for kind in _KINDS)]
        return make_all(
            partial(_make, _Settings(tuple(plates), settings.side, seed, foregrounds)),
            missing,
            lambda _: 1,
            what="composites",
            unit="image",
            count=len(tasks),
            workers=settings.num_workers or None,
        )


def _summary(names: Sequence[str]) -> str:
    return f"{len(names)} ({zlib.crc32(as_bytes(chr(0).join(names))):08x})"


def _make(settings: _Settings, task: _Task) -> list[str]:
    rng = np.random.default_rng((settings.seed, task.number))
    file = settings.plates[int(rng.integers(len(settings.plates)))]
    try:
        if settings.foregrounds is None:
            foreground, alpha = task.person.read()
        else:
            foreground, alpha = read_stored_person(task.person, settings.foregrounds)
        plate = read_image(file)
        pictures = in_floats(foreground), alpha.astype(np.float32) / 255, in_floats(plate)
        made = SampleMaker(settings.side, _SMALLEST_PERSON).for_validation(rng, *pictures)
        for kind in _KINDS:
            write_image(task.composite.file(kind), in_bytes(getattr(made, kind)))
    except (ImageError, BadNameError) as error:
        return [str(error)]
    return []
