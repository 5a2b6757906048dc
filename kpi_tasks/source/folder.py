"""Reads a folder of CSV, Parquet and Excel exports through DuckDB.

A file is a table named after it without its ending; an Excel file with several filled sheets gives a table a sheet.
Only files whose names the query holds are opened. ``read_csv('x.csv', ...)`` in a query looks in the folder.

CSV is never guessed at: UTF-8, a header, one of four separators (the one that the header has most of), double quotes; every
value is text, an empty one is null. Nothing is loaded from the network.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
import pyarrow as pa

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.source import queries
from kpi_tasks.source.engine_faults import Place
from kpi_tasks.source.folder_files import FolderFiles
from kpi_tasks.source.records import Column

BATCH_ROWS = 16_384
MEMORY_LIMIT = "256MB"

_NATIVE = {
    "text": {"VARCHAR"},
    "int": {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"},
    "decimal": set[str](),
    "timestamp": {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"},
    "date": {"DATE"},
    "bool": {"BOOLEAN"},
}


@contextmanager
def open_folder(url: str, time_zone: str, record_type: str, spill_dir: Path) -> Iterator[FolderSource]:
    """Open the folder that ``file:///...`` names; it must be there."""
    parts = urlsplit(url)
    place = Place(url, record_type)
    if parts.netloc or not parts.path.startswith("/"):
        raise ConfigError(
            Fault(
                "the source is not the URL of a folder",
                place.where(),
                "file:///absolute/folder",
                "correct KPI_SOURCE_URL",
            )
        )
    folder = Path(unquote(parts.path))
    try:
        files = FolderFiles(folder, place)
    except OSError as error:
        raise place.unreachable(
            "the folder could not be read", error, "make the folder, or correct KPI_SOURCE_URL"
        ) from error
    settings = {
        "threads": 2,
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(spill_dir / "folder"),
        "TimeZone": time_zone,
        "file_search_path": str(folder),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect() as connection:
        for name, value in settings.items():
            connection.execute(f"set {name} = {queries.literal(str(value))}")
        yield FolderSource(connection, files, place)


class FolderSource:
    """An open folder."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, files: FolderFiles, place: Place) -> None:
        """Keep the connection; views are made when a query names them."""
        self._connection = connection
        self._files = files
        self._place = place

    def describe(self, query: str) -> list[str]:
        """Return the names of the query's columns."""
        return list(self._types(query))

    def read(self, query: str, columns: Mapping[str, Column]) -> Generator[Any]:
        """Yield batches; values whose type in the file does not fit the declared one come as text."""
        types = self._types(query)
        selected = [_selected(name, types[name], column) for name, column in columns.items()]
        try:
            # sql() streams; execute() would hold the whole result in memory
            yield from self._connection.sql(queries.selected(selected, query)).to_arrow_reader(BATCH_ROWS)
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            raise self._place.failed(error, query, is_sound=True) from error

    def count(self, query: str, null: Sequence[str] = (), not_null: Sequence[str] = ()) -> int:
        """Return how many rows the query gives in which these columns are null, or are not."""
        self._types(query)
        try:
            row = self._connection.execute(queries.counted(query, null, not_null)).fetchone()
        except duckdb.Error as error:
            raise self._place.failed(error, query, is_sound=True) from error
        return int(row[0]) if row else 0

    def _types(self, query: str) -> dict[str, str]:
        self._files.open_for(self._connection, query)
        try:
            rows = self._connection.execute(f"describe {queries.described(query)}").fetchall()
        except duckdb.Error as error:
            raise self._place.failed(error, query) from error
        return {str(row[0]): str(row[1]) for row in rows}


def _selected(name: str, duckdb_type: str, column: Column) -> str:
    identifier = queries.identifier(name)
    is_native = duckdb_type in _NATIVE[column.type.split("(")[0]]
    return identifier if is_native else f"cast({identifier} as varchar) as {identifier}"
