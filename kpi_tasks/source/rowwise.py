"""Reads any other database that SQLAlchemy knows, row by row: slower, but it works everywhere.

Values become text as Python has them, so that the casts that follow are the same as for every other engine.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.source import queries
from kpi_tasks.source.engine_faults import Place
from kpi_tasks.source.records import Column

BATCH_ROWS = 20_000


@contextmanager
def open_rowwise(url: URL, place: Place) -> Iterator[RowwiseSource]:
    """Connect; ``ConfigError`` where the driver that the URL names is not installed."""
    # DuckDB would make a file that is not there.
    options: dict[str, Any] = {"read_only": True} if url.get_backend_name() == "duckdb" else {}
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=options)
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigError(
            Fault(
                "there is no driver for the source",
                place.where(driver=url.drivername, reason=place.words(error)),
                "a database that SQLAlchemy knows, and its driver installed",
                "install the driver, or correct KPI_SOURCE_URL",
            )
        ) from error
    try:
        connection = engine.connect()
    except Exception as error:
        raise place.unreachable(
            "the source could not be opened",
            error,
            "check that it is there, and host, user and password in KPI_SOURCE_URL",
        ) from error
    with connection:
        yield RowwiseSource(connection.execution_options(stream_results=True), place)


class RowwiseSource:
    """An open database of any kind."""

    def __init__(self, connection: Connection, place: Place) -> None:
        """Keep the connection."""
        self._connection = connection
        self._place = place

    def describe(self, query: str) -> list[str]:
        """Return the names of the query's columns."""
        try:
            result = self._connection.execute(_text(queries.described(query)))
            names = list(result.keys())
            result.close()
        except Exception as error:
            raise self._place.failed(error, query) from error
        return names

    def read(self, query: str, columns: Mapping[str, Column]) -> Generator[Any]:
        """Yield batches of text."""
        try:
            result = self._connection.execute(_text(queries.selected(["*"], query)))
            positions = [list(result.keys()).index(name) for name in columns]
            for rows in result.partitions(BATCH_ROWS):
                arrays = [_texts(row[position] for row in rows) for position in positions]
                yield pa.RecordBatch.from_arrays(arrays, list(columns))
        except Exception as error:
            raise self._place.failed(error, query, is_sound=True) from error

    def count(self, query: str, null: Sequence[str] = (), not_null: Sequence[str] = ()) -> int:
        """Return how many rows the query gives in which these columns are null, or are not."""
        try:
            quote = self._connection.dialect.identifier_preparer.quote
            counted = queries.counted(query, null, not_null, quote)
            return int(self._connection.execute(_text(counted)).scalar_one())
        except Exception as error:
            raise self._place.failed(error, query, is_sound=True) from error


def _text(query: str) -> Any:
    """Return the query for SQLAlchemy, to whom a colon in it means nothing."""
    return text(query.replace(":", "\\:"))


def _texts(values: Iterator[Any]) -> Any:
    """Return the values as text; bytes that are no text stay what they are, so that the cast finds them."""
    return pa.array([_bytes(value) for value in values], pa.binary()).view(pa.string())


def _bytes(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, Decimal):
        return str(value).encode()
    if isinstance(value, datetime):
        return value.isoformat(" ").encode()
    if isinstance(value, date):
        return value.isoformat().encode()
    return str(value).encode()
