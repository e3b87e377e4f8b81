"""A record of what earlier runs made, so that later runs do not decode files needlessly.

It is a text file with one JSON line per pair, appended during the run: if a run is killed, at most the
line being written is lost, and the next run makes that pair again.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from src.common.atomic_file import write_text
from src.common.errors import UserError
from src.generation.pair_files import PairResult
from src.generation.pairing import SkippedFile
from src.generation.pixel_sums import PixelSums


@dataclass(frozen=True)
class Entry:
    """What was made from a pair, and from which state of its source files."""

    source_state: str  # names, sizes and modification times of the source files
    made: dict[str, int]  # each product with the kernel size it depends on, or 0
    result: PairResult


class Journal:
    """Entries by pair name. A context manager that keeps the file open for writing."""

    def __init__(self, path: Path):
        """Read the journal; a missing one is empty.

        Raises:
            UserError: the file cannot be read or written.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+", encoding="utf-8", errors="replace")
            self._file.seek(0)
            text = self._file.read()
        except OSError as error:
            raise self._cannot_write(error) from error
        self._entries = _read_entries(text)
        self._is_compact = text == self._text()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def get(self, name: str) -> Entry | None:
        """Return the entry of a pair, or None."""
        return self._entries.get(name)

    def record(self, name: str, entry: Entry) -> None:
        """Record what was made from a pair."""
        self._entries[name] = entry
        self._append(_line(name, entry))

    def forget(self, name: str) -> None:
        """Drop a pair's entry, if any, before its files are replaced."""
        if self._entries.pop(name, None):
            self._append(json.dumps({"name": name}))

    def compact(self) -> None:
        """Rewrite the file with one line per pair, sorted."""
        if not self._is_compact:
            write_text(self._path, self._text())

    def _text(self) -> str:
        return "".join(f"{_line(*item)}\n" for item in sorted(self._entries.items()))

    def _append(self, line: str) -> None:
        self._is_compact = False
        try:
            self._file.write(f"\n{line}")  # a killed run may have left an unfinished line
            self._file.flush()
        except OSError as error:
            raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> UserError:
        return UserError(
            f"{self._path}: cannot be written: {error.strerror}; make room or choose another folder"
        )


def _line(name: str, entry: Entry) -> str:
    return json.dumps({"name": name, **asdict(entry)}, sort_keys=True)


def _read_entries(text: str) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for line in text.split("\n"):
        try:
            name, entry = _parse(line)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue  # empty, cut short when a run was killed, or damaged in another way
        entries.pop(name, None)
        if entry:
            entries[name] = entry
    return entries


def _parse(line: str) -> tuple[str, Entry | None]:
    """The pair's name and what was made from it; None: it is forgotten. Fails where the form is another."""
    values = json.loads(line)
    name = values.pop("name")
    if not isinstance(name, str):
        raise TypeError
    if not values:
        return name, None
    return name, Entry(values["source_state"], dict(values["made"]), _result(values["result"]))


def _result(values: dict[str, Any]) -> PairResult:
    if values["skipped"]:
        return PairResult(SkippedFile(**values["skipped"]))
    return PairResult(photo=_sums(values["photo"], channels=3), trimap=_sums(values["trimap"], channels=1))


def _sums(values: dict[str, Any], channels: int) -> PixelSums:
    of_values, of_squares = (tuple(map(int, values[each])) for each in ("values", "squares"))
    if not len(of_values) == len(of_squares) == channels:
        raise ValueError
    return PixelSums(int(values["pixels"]), of_values, of_squares)
