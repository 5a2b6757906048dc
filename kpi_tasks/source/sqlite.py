"""Reads SQLite through ADBC.

ADBC takes the type of a column from the first batch, so a column of nulls becomes int64 and text after it fails. Here
every column is selected as text behind a first row of empty texts, which is dropped again. That holds for empty tables,
for columns of nulls, and for tables whose columns hold values of several types, as SQLite allows.

Python's own SQLite and ADBC's are two libraries in one process. They do not see each other's locks, and closing a file in
one drops the locks of the other. So the first look (is the file there, whole, unlocked?) is over before ADBC opens it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import adbc_driver_sqlite.dbapi
from adbc_driver_manager import Error as AdbcError
from sqlalchemy.engine import URL

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.source import queries
from kpi_tasks.source.engine_faults import Place
from kpi_tasks.source.records import Column

LOCK_SECONDS = 1
"""How long a lock is waited for. Short: the task is tried again later, and there are many record types."""

BATCH_ROWS = 16_384


@contextmanager
def open_sqlite(url: URL, place: Place) -> Iterator[SqliteSource]:
    """Open the file read-only; a file that is not there stays away."""
    file = _read_only(url, place)
    try:
        with closing(sqlite3.connect(file, uri=True, timeout=LOCK_SECONDS)) as first_look:
            first_look.execute("select 1 from sqlite_master limit 1").fetchall()
    except sqlite3.Error as error:
        raise _cannot_open(error, place) from error
    try:
        connection = adbc_driver_sqlite.dbapi.connect(file)
    except (AdbcError, OSError) as error:
        raise _cannot_open(error, place) from error
    with connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(BATCH_ROWS)})
        cursor.execute(f"pragma busy_timeout = {LOCK_SECONDS * 1000}")
        yield SqliteSource(cursor, place)


class SqliteSource:
    """An open SQLite file."""

    def __init__(self, cursor: Any, place: Place) -> None:
        """Keep the cursor; all queries of one extraction see one state of the file."""
        self._cursor = cursor
        self._place = place

    def describe(self, query: str) -> list[str]:
        """Return the names of the query's columns."""
        try:
            self._cursor.execute(queries.described(query))
            return list(self._cursor.fetch_record_batch().schema.names)
        except (AdbcError, OSError) as error:
            raise self._place.failed(error, query) from error

    def read(self, query: str, columns: Mapping[str, Column]) -> Generator[Any]:
        """Yield batches of text."""
        try:
            self._cursor.execute(queries.behind_empty_row(list(columns), query))
            for position, batch in enumerate(self._cursor.fetch_record_batch()):
                yield batch if position else _without_first(batch)
        except (AdbcError, OSError) as error:
            raise self._place.failed(error, query, is_sound=True) from error

    def count(self, query: str, null: Sequence[str] = (), not_null: Sequence[str] = ()) -> int:
        """Return how many rows the query gives in which these columns are null, or are not."""
        try:
            self._cursor.execute(queries.counted(query, null, not_null))
            return int(self._cursor.fetchone()[0])
        except (AdbcError, OSError) as error:
            raise self._place.failed(error, query, is_sound=True) from error


def _without_first(batch: Any) -> Any:
    """Drop the row of empty texts, which must be there: a real record is never dropped."""
    if any(value != "" for row in batch.slice(0, 1).to_pylist() for value in row.values()):
        raise RuntimeError("SQLite did not give the first part of the union first")
    return batch.slice(1)


def _read_only(url: URL, place: Place) -> str:
    """Return the file as a read-only SQLite URI."""
    name = url.database or ""
    if name in ("", ":memory:"):
        raise ConfigError(
            Fault(
                "the source is an SQLite database in memory, which holds nothing",
                place.where(),
                "the path of a file, for example sqlite:////data/source.db",
                "correct KPI_SOURCE_URL",
            )
        )
    if name.startswith("file:"):
        name = unquote(name.removeprefix("file:").split("?")[0])
    return f"{Path(name).resolve().as_uri()}?mode=ro"


def _cannot_open(error: Exception, place: Place) -> Exception:
    if "locked" in str(error):
        return place.failed(error, "")
    if "not a database" in str(error):
        return place.unreachable(
            "the source is not an SQLite database", error, "point KPI_SOURCE_URL to the right file"
        )
    return place.unreachable(
        "the source could not be opened",
        error,
        "check that the file is there and can be read, or correct KPI_SOURCE_URL",
    )
