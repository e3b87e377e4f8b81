"""Lists of people, such as those kept for testing."""

from collections.abc import Collection, Iterable
from pathlib import Path

from src.common.errors import UserError
from src.data.pairs import PhotoWithAlpha
from src.data.people import find_set, read_ids, require_known, shorten


def read_lists(paths: Iterable[str | Path]) -> frozenset[str]:
    """The lines of all lists: `set/id`, or `id` alone.

    Raises:
        UserError: a list cannot be read, or lists nothing.
    """
    return frozenset().union(*(read_ids(path) for path in paths))


def find_listed(
    lines: Collection[str], people: Iterable[PhotoWithAlpha], others: Iterable[PhotoWithAlpha] = ()
) -> frozenset[PhotoWithAlpha]:
    """Who of people and others is listed.

    Args:
        lines: `set/id` names the person of this id (file name without suffix) in the folder of people of
            this name; lines of folders that are not given say nothing. `id` names it in every folder. A
            person with photos in several folders needs a line for each.
        people: those whom a plain `id` must name.
        others: further people, such as those who stand behind.

    Raises:
        UserError: an id that no photo has: in the folder that its line names or, of `id` alone, among
            `people`.
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
