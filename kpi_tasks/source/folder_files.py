"""The files of a source folder, as views and tables in DuckDB."""

from __future__ import annotations

import csv
import glob
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import python_calamine

from kpi_tasks.errors import DataError, Fault
from kpi_tasks.source import queries
from kpi_tasks.source.engine_faults import Place

_TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_EXCEL = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_PARQUET = (".parquet",)
_SEPARATORS = (",", ";", "\t", "|")


class FolderFiles:
    """What lies in the folder; files are opened when a query names them."""

    def __init__(self, folder: Path, place: Place) -> None:
        """List the folder; ``OSError`` where that is not possible."""
        self._place = place
        self._opened: set[str] = set()
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
        # Office programs leave lock files beside what is open in them.
        self._files = {
            folder / name: _ending(name)
            for name in names
            if _ending(name) and not name.startswith((".", "~$"))
        }

    def open_for(self, connection: duckdb.DuckDBPyConnection, query: str) -> None:
        """Make the tables that the query names; ``DataError`` for files that cannot be read as their ending says."""
        words = _words(query)
        seen: dict[str, tuple[Path, str | None]] = {}
        for table, path, sheet in self._tables(words):
            name = table.casefold()
            other = seen.setdefault(name, (path, sheet))
            if other != (path, sheet):
                raise self._fault(
                    f"two files or sheets give the table {table}",
                    path,
                    f"one file or sheet for {table}; {other[0].name} gives one too",
                    "move one of them out of the folder",
                )
            if name not in self._opened:
                self._open(connection, table, path, sheet)
                self._opened.add(name)

    def _tables(self, words: set[str]) -> list[tuple[str, Path, str | None]]:
        """One entry a table that the words name: its name, its file, and its sheet in an Excel file."""
        tables: list[tuple[str, Path, str | None]] = []
        for path, ending in self._files.items():
            stem = path.name[: -len(ending)]
            is_named = _words(stem) <= words
            if ending not in _EXCEL:
                tables += [(stem, path, None)] if is_named else []
                continue
            sheets = self._sheets(path)
            if len(sheets) > 1:
                tables += [(sheet, path, sheet) for sheet in sheets if _words(sheet) <= words]
                sheets = self._filled_sheets(path) if is_named else []
            if is_named and len(sheets) == 1:
                tables.append((stem, path, sheets[0]))
        return tables

    def _open(self, connection: duckdb.DuckDBPyConnection, table: str, path: Path, sheet: str | None) -> None:
        with self._reading(path):
            if sheet is not None:
                connection.register(table, self._sheet(path, sheet))
                return
            is_parquet = self._files[path] in _PARQUET
            scan = f"read_parquet({_literal_path(path)})" if is_parquet else self._csv_scan(path)
            connection.execute(f"create temp view {queries.identifier(table)} as from {scan}")

    @contextmanager
    def _reading(self, path: Path) -> Iterator[None]:
        """Name the file that cannot be read as its ending says."""
        try:
            yield
        except (duckdb.Error, OSError, EOFError, zlib.error, python_calamine.CalamineError) as error:
            raise self._fault(
                f"the file {path.name} cannot be read: {self._place.words(error)}",
                path,
                f"a whole {self._files[path]} file without a password",
                "export it again, or move it out of the folder",
            ) from error

    def _csv_scan(self, path: Path) -> str:
        """Return the table function that reads the file; its columns are those of its header."""
        header, separator = self._csv_header(path)
        columns = ", ".join(f"{queries.literal(name)}: 'VARCHAR'" for name in header)
        return (
            f"read_csv({_literal_path(path)}, auto_detect = false, header = true, delim = {queries.literal(separator)},"
            f" quote = '\"', escape = '\"', nullstr = '', columns = {{{columns}}})"
        )

    def _csv_header(self, path: Path) -> tuple[list[str], str]:
        try:
            line = _first_line(path)
        except UnicodeDecodeError as error:
            raise self._fault(
                f"the file {path.name} is not UTF-8",
                path,
                "text in UTF-8",
                "export it again as CSV UTF-8",
            ) from error
        separator = max(_SEPARATORS, key=line.count)
        header = next(csv.reader([line], delimiter=separator), [])
        names = [name.casefold() for name in header]
        if not header or "" in names or len(set(names)) < len(names):
            raise self._fault(
                f"the header of {path.name} cannot be used",
                path,
                "a first line with a different name for every column",
                "export it again with a header",
            )
        return header, separator

    def _sheets(self, path: Path) -> list[str]:
        with self._reading(path):
            return list(_workbook(path).sheet_names)

    def _filled_sheets(self, path: Path) -> list[str]:
        with self._reading(path):
            book = _workbook(path)
            return [name for name in book.sheet_names if book.get_sheet_by_name(name).height > 0]

    def _sheet(self, path: Path, sheet: str) -> pa.Table:
        """One row a line of the sheet below its header, all columns text; empty cells are null, empty lines left out."""
        rows = _workbook(path).get_sheet_by_name(sheet).to_python()
        header = [_cell(value) or "" for value in rows[0]] if rows else []
        names = [name.casefold() for name in header if name]
        if not names or len(set(names)) < len(names):
            raise self._fault(
                f"the header of {path.name} cannot be used",
                path,
                "a first line with a different name for every column",
                "write the header into the first line of the sheet",
            )
        lines = [[_cell(value) for value in row] for row in rows[1:]]
        lines = [line for line in lines if any(value is not None for value in line)]
        used = [position for position, name in enumerate(header) if name]
        return pa.table(
            {header[position]: pa.array([line[position] for line in lines], pa.string()) for position in used}
        )

    def _fault(self, what: str, path: Path, expected: str, action: str) -> DataError:
        return DataError(Fault(what, self._place.where(file=path.name), expected, action))


def _workbook(path: Path) -> Any:
    return python_calamine.CalamineWorkbook.from_path(str(path))


def _literal_path(path: Path) -> str:
    """Return the path as an SQL text in which no character is a pattern."""
    return queries.literal(glob.escape(str(path)))


def _ending(name: str) -> str:
    """Return the ending that says how to read a file, empty for a file that is no table."""
    lowered = name.casefold()
    return next((end for end in (*_TEXT, *_EXCEL, *_PARQUET) if lowered.endswith(end)), "")


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _first_line(path: Path) -> str:
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8-sig") as packed:
            return packed.readline().rstrip("\n")
    with path.open(encoding="utf-8-sig") as file:
        return file.readline().rstrip("\n")


def _cell(value: object) -> str | None:
    """Return a cell as the same text that a CSV export or a database would give; an empty cell is null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return text or None
