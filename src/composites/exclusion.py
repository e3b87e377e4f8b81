"""Lists of people who are never shown, because they are kept for testing."""

from collections.abc import Collection, Iterable
from pathlib import Path

from src.common.errors import UserError
from src.data.pairs import PhotoWithAlpha
from src.data.people import find_set, read_ids, require_known, shorten


def read_exclusions(paths: Iterable[str | Path]) -> frozenset[str]:
    """The lines of all lists: `set/id`, or `id` alone.

    Raises:
        UserError: a list cannot be read, or lists nothing.
    """
    return frozenset().union(*(read_ids(path) for path in paths))


def find_excluded(
    lines: Collection[str], people: Iterable[PhotoWithAlpha], others: Iterable[PhotoWithAlpha] = ()
) -> frozenset[PhotoWithAlpha]:
    """Who of people and others is excluded.

    Args:
        lines: `set/id` excludes the person of this id (file name without suffix) of the folder of people of
            this name; lines of folders that are not given say nothing. `id` excludes from every folder. A
            person with photos in several folders needs a line for each.
        people: who would be shown.
        others: who would stand behind.

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
