"""Opens the source that a URL names and gives one way to ask it, whatever the engine.

SQLite and PostgreSQL are read through ADBC, folders through DuckDB, everything else through SQLAlchemy row by row.
Nothing here can change a source.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.source.engine_faults import Place
from kpi_tasks.source.records import Column


class Source(Protocol):
    """An open source; queries are complete SQL without a semicolon at the end. Raises ``KpiError`` only."""

    def describe(self, query: str) -> list[str]:
        """Return the names of the query's columns, without running it over the records."""

    def read(self, query: str, columns: Mapping[str, Column]) -> Generator[Any]:
        """Yield Arrow record batches with these columns, in this order.

        A column's values come as text, or as the Arrow type that holds them exactly (see ``casts``).
        """

    def count(self, query: str, null: Sequence[str] = (), not_null: Sequence[str] = ()) -> int:
        """Return how many rows the query gives in which these columns are null, or are not."""


@contextmanager
def open_source(url: str, time_zone: str, record_type: str, spill_dir: Path) -> Iterator[Source]:
    """Open the source for one record type; ``spill_dir`` takes what does not fit into memory.

    Raises ``UnreachableError`` where it is missing, locked or down, ``ConfigError`` for a URL that cannot be used.
    """
    if url.startswith("file:"):
        from kpi_tasks.source.folder import open_folder

        with open_folder(url, time_zone, record_type, spill_dir) as folder:
            yield folder
        return
    parsed = _parsed(url, record_type)
    place = Place(_without_secrets(parsed), record_type, _secrets(parsed))
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        from kpi_tasks.source.sqlite import open_sqlite

        with open_sqlite(parsed, place) as sqlite:
            yield sqlite
    elif backend == "postgresql":
        from kpi_tasks.source.postgresql import open_postgresql

        with open_postgresql(parsed, time_zone, place) as postgresql:
            yield postgresql
    else:
        from kpi_tasks.source.rowwise import open_rowwise

        with open_rowwise(parsed, place) as rowwise:
            yield rowwise


def _parsed(url: str, record_type: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            Fault(
                "the source is not a URL",  # which is not shown: it may hold a password
                {"record type": record_type},
                "sqlite:////data/source.db, postgresql://user@host/database or file:///data/exports",
                "correct KPI_SOURCE_URL",
            )
        ) from error


def shown(url: str) -> str:
    """Return a source's URL as it may be printed: without password and options."""
    return url if url.startswith("file:") else _without_secrets(make_url(url))


def _without_secrets(url: URL) -> str:
    """Return the URL without password and options."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database or ''}"
    host = url.host or (url.query.get("host") if isinstance(url.query.get("host"), str) else None) or ""
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{user}{host}{port}/{url.database or ''}"


def _secrets(url: URL) -> tuple[str, ...]:
    """Return all that must not be shown, as written and as escaped in a URL, longest first."""
    options = [value for name, value in url.query.items() if "pass" in name.lower() or name == "odbc_connect"]
    plain = {str(value) for value in (url.password, *options) if value}
    return tuple(sorted(plain | {quote(value, safe="") for value in plain}, key=len, reverse=True))
