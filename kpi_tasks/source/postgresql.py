"""Reads PostgreSQL through ADBC, in one read-only transaction that sees one state of the database.

Columns come as they are where that is exact; all others are selected as text. ``numeric`` arrives as text anyway.
Session settings only serve reading: days in queries mean local days, and a large table is read from its start, so that
records kept in the order of their key arrive in it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import adbc_driver_postgresql.dbapi
import pyarrow as pa
from adbc_driver_manager import Error as AdbcError
from sqlalchemy.engine import URL

from kpi_tasks.source import queries
from kpi_tasks.source.engine_faults import Place
from kpi_tasks.source.records import Column

BATCH_BYTES = 4 * 2**20

# Server types that are read as they are, by declared type.
_NATIVE = {
    "text": {"text", "varchar"},
    "int": {"int2", "int4", "int8"},
    "decimal": {"numeric", "int2", "int4", "int8"},
    "timestamp": {"timestamp", "timestamptz"},
    "date": {"date"},
    "bool": {"bool"},
}
# Options of psycopg, which the server's own library does not know.
_NOT_LIBPQ = {"autocommit", "prepare_threshold"}


def libpq_uri(url: URL) -> str:
    """Return the URL as libpq takes it: without driver, everything escaped, several hosts and sockets allowed."""
    user = quote(url.username or "", safe="")
    if url.password:
        user += ":" + quote(str(url.password), safe="")
    options = {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in url.query.items()
        if name not in _NOT_LIBPQ
    }
    if not options.get("host", "/").startswith("/"):
        # SQLAlchemy writes several servers as host:port pairs.
        pairs = [part.rsplit(":", 1) for part in options["host"].split(",")]
        options["host"] = ",".join(pair[0] for pair in pairs)
        if any(len(pair) == 2 for pair in pairs):
            options["port"] = ",".join(pair[1] if len(pair) == 2 else "5432" for pair in pairs)
    host = f"[{url.host}]" if url.host and ":" in url.host else quote(url.host or "", safe="")
    server = (f"{user}@" if user else "") + host + (f":{url.port}" if url.port else "")
    tail = "?" + urlencode(options, quote_via=quote) if options else ""
    return f"postgresql://{server}/{quote(url.database or '', safe='')}{tail}"


@contextmanager
def open_postgresql(url: URL, time_zone: str, place: Place) -> Iterator[PostgresqlSource]:
    """Connect and begin the read-only transaction."""
    settings = {
        "timezone": time_zone,
        "datestyle": "ISO, YMD",
        "client_encoding": "UTF8",
        "synchronize_seqscans": "off",
    }
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    try:
        connection = adbc_driver_postgresql.dbapi.connect(libpq_uri(url))
    except (AdbcError, OSError) as error:
        raise _cannot_connect(error, place) from error
    with connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
        try:
            cursor.execute("set transaction isolation level repeatable read read only")
            cursor.execute(f"select {calls}")
            cursor.fetchone()
        except (AdbcError, OSError) as error:
            raise _cannot_connect(error, place) from error
        yield PostgresqlSource(cursor, place)


class PostgresqlSource:
    """An open PostgreSQL database."""

    def __init__(self, cursor: Any, place: Place) -> None:
        """Keep the cursor, whose transaction has begun."""
        self._cursor = cursor
        self._place = place

    def describe(self, query: str) -> list[str]:
        """Return the names of the query's columns."""
        return list(self._schema(query).names)

    def read(self, query: str, columns: Mapping[str, Column]) -> Generator[Any]:
        """Yield batches; values whose server type does not fit the declared one come as text."""
        schema = self._schema(query)
        selected = [_selected(schema.field(name), column) for name, column in columns.items()]
        try:
            self._cursor.execute(queries.selected(selected, query))
            for batch in self._cursor.fetch_record_batch():
                yield pa.RecordBatch.from_arrays([_plain(array) for array in batch.columns], list(columns))
        except (AdbcError, OSError) as error:
            raise self._place.failed(error, query, is_sound=True) from error

    def count(self, query: str, null: Sequence[str] = (), not_null: Sequence[str] = ()) -> int:
        """Return how many rows the query gives in which these columns are null, or are not."""
        try:
            self._cursor.execute(queries.counted(query, null, not_null))
            return int(self._cursor.fetchone()[0])
        except (AdbcError, OSError) as error:
            raise self._place.failed(error, query, is_sound=True) from error

    def _schema(self, query: str) -> Any:
        try:
            self._cursor.execute(queries.described(query))
            return self._cursor.fetch_record_batch().schema
        except (AdbcError, OSError) as error:
            raise self._place.failed(error, query) from error


def _selected(field: Any, column: Column) -> str:
    name = queries.identifier(field.name)
    server_type = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    is_native = server_type in _NATIVE[column.type.split("(")[0]]
    return name if is_native else f"cast({name} as text)"


def _plain(array: Any) -> Any:
    """Return the text that ``numeric`` is wrapped in."""
    return array.storage if isinstance(array.type, pa.BaseExtensionType) else array


def _cannot_connect(error: Exception, place: Place) -> Exception:
    return place.unreachable(
        "the database server could not be reached",
        error,
        "check that the server runs, and host, user and password in KPI_SOURCE_URL",
    )
