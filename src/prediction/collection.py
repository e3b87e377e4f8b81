"""The photos and videos of a command, in a temporary database: a million of them need no memory."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path

from src.common.temporary_database import Rows, TemporaryDatabase
from src.prediction.job import Job
from src.prediction.results import ALPHA, parse_result
from src.videos.kinds import is_video

# Names are bytes, since not every name is text. A source has NUL for "/", so that it is sorted by folder.
_TABLES = """
CREATE TABLE file (
    place BLOB, name BLOB,         -- the folder that it really lies in, whatever way leads there
    stem BLOB, is_video INTEGER,
    input INTEGER, source BLOB,    -- the input that it was found in, and its path from there
    target BLOB,                   -- the folder of its results
    PRIMARY KEY (place, name)
) WITHOUT ROWID;
CREATE TABLE like_result (place BLOB, name BLOB, is_video INTEGER, original BLOB, beside BLOB);
CREATE TABLE twin (target BLOB, stem BLOB, PRIMARY KEY (target, stem)) WITHOUT ROWID;
CREATE VIEW named AS
    SELECT input, source, is_video, target,
        CASE WHEN (target, stem) IN (SELECT target, stem FROM twin) THEN name ELSE stem END AS base FROM file;
CREATE TABLE job (
    number INTEGER PRIMARY KEY, source BLOB, is_video INTEGER, target BLOB, base BLOB, UNIQUE (target, base)
);
CREATE TABLE wanted (number INTEGER PRIMARY KEY);
CREATE TABLE aim (place BLOB PRIMARY KEY) WITHOUT ROWID;  -- of a source that is a link
CREATE TABLE problem (input INTEGER, source BLOB, message BLOB);
"""

_ARE_RESULTS = """
CREATE TABLE result AS SELECT DISTINCT place, name FROM like_result WHERE
    (is_video, original) IN (SELECT is_video, stem FROM file UNION ALL SELECT is_video, name FROM file)
    OR EXISTS (SELECT 1 FROM file WHERE file.place = like_result.place AND file.name = like_result.beside)
"""

_ARE_JOBS = """
INSERT OR IGNORE INTO job (source, is_video, target, base)
    SELECT source, is_video, target, base FROM named ORDER BY input, source
"""


class Jobs(Rows[Job]):
    """Jobs in order; see `Rows`."""

    def __init__(self, database: TemporaryDatabase, query: str):
        super().__init__(database, query, _job)

    @property
    def photos(self) -> "Jobs":
        """The photos among them."""
        return self._where("NOT is_video")

    @property
    def videos(self) -> "Jobs":
        """The videos among them."""
        return self._where("is_video")

    def _where(self, condition: str) -> "Jobs":
        return Jobs(self._database, f"SELECT * FROM ({self._query}) WHERE {condition} ORDER BY number")


class Collection:
    """Photos and videos, each once; those that are results of earlier runs, or have no names for results, are
    set apart by `name_results`.

    The methods raise UserError if there is no room for temporary files.
    """

    def __init__(self):
        self._database = TemporaryDatabase(_TABLES)
        self.results = 0  # of earlier runs, which are no photos
        self.jobs = Jobs(self._database, "SELECT * FROM job ORDER BY number")
        self.todo = Jobs(self._database, "SELECT job.* FROM job JOIN wanted USING (number) ORDER BY number")
        self.targets = Rows(self._database, "SELECT DISTINCT target FROM job", _path)  # folders of results
        # What is left out, each with its name.
        self.problems = Rows(
            self._database, "SELECT message FROM problem ORDER BY input, source", os.fsdecode
        )

    def add(self, number: int, source: Path, target: Path) -> None:
        """Add a file of input `number` whose results go to the folder `target`."""
        place, name = map(os.fsencode, (_resolved(source.parent), source.name))
        kind, stem = is_video(source), os.fsencode(source.stem)
        values = place, name, stem, kind, number, _sortable(source), os.fsencode(target)
        self._database.run("INSERT OR IGNORE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        if result := parse_result(source.name, kind):
            original = os.fsencode(result.source)
            for each in result.counterparts:
                values = place, name, kind, original, os.fsencode(each)
                self._database.run("INSERT INTO like_result VALUES (?, ?, ?, ?, ?)", values)
        if source.is_symlink():
            aim = os.fsencode(source.resolve())
            self._database.run("INSERT OR IGNORE INTO aim VALUES (?)", (aim,))

    def leave_out(self, number: int, path: Path, message: str) -> None:
        """Note why something in input `number` is left out."""
        values = number, _sortable(path), os.fsencode(message)
        self._database.run("INSERT INTO problem VALUES (?, ?, ?)", values)

    def __bool__(self) -> bool:
        return any(True for _ in self._database.rows("SELECT 1 FROM file LIMIT 1"))

    def name_results(self) -> None:
        """Turn the files, once all are there, into jobs.

        Sources whose results would have the same names keep their endings: photo.jpg, photo.png. Of those
        whose results still would, the first is taken.
        """
        self._database.run(_ARE_RESULTS)
        self.results = self._database.run(
            "DELETE FROM file WHERE (place, name) IN (SELECT place, name FROM result)"
        )
        self._database.run(
            "INSERT INTO twin SELECT target, stem FROM file GROUP BY target, stem HAVING count(*) > 1"
        )
        self._database.run(_ARE_JOBS)
        for number, source, first, target, base in self._database.rows(
            "SELECT input, named.source, job.source, target, base FROM named JOIN job USING (target, base)"
            " WHERE named.source <> job.source"
        ):
            path, others = _path(source), _path(target, base)
            self.leave_out(
                number,
                path,
                f"{path}: would have the same results as {_path(first)}, {others}{ALPHA}.png; "
                "give it to another command, with a different --output",
            )

    def want(self, number: int) -> None:
        """Add a job, of a number as `numbered` gives it, to what is to be done."""
        self._database.run("INSERT INTO wanted VALUES (?)", (number,))

    def numbered(self) -> Iterator[tuple[int, Job]]:
        """Yield the jobs and their numbers."""
        for row in self._database.rows("SELECT * FROM job ORDER BY number"):
            yield row[0], _job(*row)

    def holds(self, path: Path) -> bool:
        """Whether a path leads to one of the files, or to what one that is a link leads to."""
        if not os.path.lexists(path):
            return False
        real = path.resolve()
        found = self._database.rows(
            "SELECT 1 FROM file WHERE place = ? AND name = ? UNION ALL SELECT 1 FROM aim WHERE place = ?",
            tuple(map(os.fsencode, (real.parent, real.name, real))),
        )
        return any(True for _ in found)


def _job(number: int, source: bytes, is_video: int, target: bytes, base: bytes) -> Job:
    return Job(_path(source), _path(target, base))


def _sortable(path: Path) -> bytes:
    return os.fsencode(path).replace(b"/", b"\0")


def _path(*parts: bytes) -> Path:
    return Path(*(os.fsdecode(part.replace(b"\0", b"/")) for part in parts))


@functools.lru_cache(maxsize=64)
def _resolved(folder: Path) -> Path:
    return folder.resolve()
