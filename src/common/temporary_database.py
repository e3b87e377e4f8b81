"""Tables that need no memory: they lie in a temporary file, which vanishes with the process."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from src.common.errors import UserError

Item = TypeVar("Item")


class TemporaryDatabase:
    """An empty SQLite database. What fits into its cache of 2 MB is never written to the disk.

    Args:
        script: creates the tables.

    Raises:
        UserError: there is no room for it. The methods raise it, too.
    """

    def __init__(self, script: str):
        # Rows that nobody reads to the end may be given up by the garbage collector in another thread.
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        # One transaction that never ends: nothing has to survive.
        self._connection.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA cache_size = -2000; BEGIN; {script}"
        )

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Execute a statement; returns how many rows it changed."""
        try:
            return self._connection.execute(statement, values).rowcount
        except sqlite3.OperationalError as error:
            raise self._full(error) from error

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple]:
        """Yield the rows of a query while they are read."""
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.OperationalError as error:
            raise self._full(error) from error

    def _full(self, error: sqlite3.OperationalError) -> UserError:
        return UserError(
            f"the list of files cannot be kept among temporary files: {error}; make room, or name another "
            "folder by the environment variable SQLITE_TMPDIR"
        )


class Rows(Generic[Item]):
    """The rows of a query: read anew, one by one, each time they are iterated over.

    Args:
        database: is asked.
        query: asks.
        make: makes the items of their columns.
    """

    def __init__(self, database: TemporaryDatabase, query: str, make: Callable[..., Item]):
        self._database, self._query, self._make = database, query, make

    def __iter__(self) -> Iterator[Item]:
        for row in self._database.rows(self._query):
            yield self._make(*row)

    def __len__(self) -> int:
        ((count,),) = self._database.rows(f"SELECT count(*) FROM ({self._query})")
        return count
