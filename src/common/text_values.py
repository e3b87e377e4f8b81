"""Checks the values of a small YAML file, which `parse_yaml` gives as text."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

Reader = Callable[[Any], Any]  # from a value as text to the value; raises ValueError


class WrongValuesError(ValueError):
    """Values that cannot be used.

    Args:
        found: what is wrong, by the key's place, such as 'mean.1'; "" stands for the whole.
    """

    def __init__(self, found: Mapping[str, str]):
        super().__init__("; ".join(f"{place or 'file'}: {what}" for place, what in found.items()))
        self.found = found


def read_keys(values: Any, readers: Mapping[str, Reader], required: Collection[str] = ()) -> dict[str, Any]:
    """Read a section; keys that are left out stay so.

    Args:
        values: the section.
        readers: of the keys that it may have.
        required: the keys that it must have.

    Raises:
        WrongValuesError: it is no section, or keys are missing, unknown or have wrong values.
    """
    if not isinstance(values, dict):
        raise WrongValuesError({"": "must be keys with values"})
    wrong = {key: "is missing" for key in required if key not in values}
    wrong |= {str(key): "there is no such key" for key in values if key not in readers}
    given = {key: text for key, text in values.items() if key in readers}
    return _read_each(given, readers, wrong)


def list_of(count: int, reader: Reader) -> Reader:
    """A list of `count` values; gives a tuple."""

    def read(values: Any) -> tuple:
        if not isinstance(values, list) or len(values) != count:
            raise ValueError(f"must be a list of {count} values")
        given = {str(place): value for place, value in enumerate(values)}
        return tuple(_read_each(given, dict.fromkeys(given, reader), {}).values())

    return read


def choice_of(names: Sequence[str]) -> Reader:
    """One of several words."""

    def read(text: Any) -> str:
        if text not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return text

    return read


def number(is_right: Callable[[float], bool], which: str) -> Reader:
    """A number.

    Args:
        is_right: whether it is in range; NaN and infinite values come here, too.
        which: the range, for messages: 'from 0 to 255'.
    """

    def read(text: Any) -> float:
        try:
            value = float(text)
        except (TypeError, ValueError):
            value = float("nan")
        if not is_right(value):
            raise ValueError(f"must be a number {which}")
        return value

    return read


def whole_number(least: int, multiple: int = 1) -> Reader:
    """A whole number of at least `least`, and a multiple of `multiple`."""
    which = f"from {least} on, without decimals" + (f", a multiple of {multiple}" if multiple > 1 else "")
    read = number(lambda value: least <= value < float("inf") and value % multiple == 0, which)
    return lambda text: int(read(text))


def _read_each(
    given: Mapping[str, Any], readers: Mapping[str, Reader], wrong: dict[str, str]
) -> dict[str, Any]:
    found = {}
    for key, text in given.items():
        try:
            found[key] = readers[key](text)
        except WrongValuesError as error:
            wrong |= {f"{key}.{place}" if place else key: what for place, what in error.found.items()}
        except ValueError as error:
            wrong[key] = str(error)
    if wrong:
        raise WrongValuesError(wrong)
    return found
