"""Tables in temporary files."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from src.common.errors import UserError
from src.common.temporary_database import Rows, TemporaryDatabase

TABLE = "CREATE TABLE number (value INTEGER);"


def test_rows_are_read_anew_each_time():
    database = TemporaryDatabase(TABLE)
    rows = Rows(database, "SELECT value FROM number ORDER BY value", lambda value: -value)
    assert not rows
    for value in (2, 1):
        database.run("INSERT INTO number VALUES (?)", (value,))
    first, second = iter(rows), iter(rows)
    assert (next(first), next(second), next(first)) == (-1, -1, -2)
    assert len(rows) == 2


def test_a_full_disk_is_named():
    database = TemporaryDatabase(f"PRAGMA max_page_count = 3; {TABLE}")
    with pytest.raises(UserError, match="full.*SQLITE_TMPDIR"):
        for value in range(10_000):
            database.run("INSERT INTO number VALUES (?)", (value,))


def test_another_thread_may_give_up_rows():
    """As the garbage collector does."""
    database = TemporaryDatabase(TABLE)
    for value in (1, 2):
        database.run("INSERT INTO number VALUES (?)", (value,))
    rows = database.rows("SELECT value FROM number")
    assert next(rows) == (1,)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(rows.close).result()
