"""Lists of people, such as those kept for testing."""

from collections.abc import Collection, Iterable
from pathlib import Path

from src.common.errors import UserError
from src.data.pairs import PhotoWithAlpha
from src.data.people import find_set, read_ids, require_known, shorten


def read_lists(paths: Iterable[str | Path]) -> frozenset[str]:
    """Read the lines of all lists, each `set/id` or `id`.

    Raises:
        UserError: a list cannot be read or is empty.
    """
    return frozenset().union(*(read_ids(path) for path in paths))


def find_listed(
    lines: Collection[str], people: Iterable[PhotoWithAlpha], others: Iterable[PhotoWithAlpha] = ()
) -> frozenset[PhotoWithAlpha]:
    """Find the listed people among `people` and `others`.

    Args:
        lines: `set/id` selects the photo with this id (file name without suffix) in the folder of people
            named `set`; lines for folders that are not given are ignored. `id` alone selects the photo in
            every folder. A person with several photos needs a line for each.
        people: the people among whom every plain `id` must exist.
        others: further people, such as passers-by.

    Raises:
        UserError: an id does not exist: `set/id` in that folder, or `id` among `people`.
    """
    people = tuple(people)
    everybody = (*people, *others)
    sets = {find_set(person) for person in everybody}
    named = {line for line in lines if line.partition("/")[0] in sets and "/" in line}
    require_known({line for line in lines if "/" not in line}, people)
    unknown = sorted(named - {_line(person) for person in everybody})
    if unknown:
        raise UserError(f"listed, but the folder named has no such photo: {shorten(unknown)}")
    return frozenset(person for person in everybody if person.photo.stem in lines or _line(person) in named)


def _line(person: PhotoWithAlpha) -> str:
    return f"{find_set(person)}/{person.photo.stem}"
