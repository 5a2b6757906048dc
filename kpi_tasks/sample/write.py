"""Put the made-up department into a database: a new SQLite file at once, or one transaction on a server."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, inspect, make_url, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.schema import CreateTable

from kpi_tasks.errors import ConfigError, Fault, KpiError, UnreachableError
from kpi_tasks.files import written_whole
from kpi_tasks.sample.tables import MARKER, METADATA

Rows = Iterable[Sequence[object]]
Contents = Callable[[], Iterator[tuple[Table, Rows]]]
"""Yields a table and rows for it; a table may come more than once."""

_BATCH_ROWS = 5_000


def write(target: Path | str, contents: Contents) -> dict[str, int]:
    """Replace the sample in the target; return the number of rows by table name."""
    if isinstance(target, Path) or "://" not in target:
        return _write_file(Path(target), contents)
    try:
        url = make_url(target)
        if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
            return _write_file(Path(str(url.database)), contents)
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigError(
            Fault(
                "the sample cannot be written there",
                {"url": _shown(target), "reason": str(error)},
                "the URL of a database that SQLAlchemy knows, or the path of an SQLite file",
                "correct the URL, or install the driver it names",
            )
        ) from error
    try:
        return _write_server(engine, contents)
    finally:
        engine.dispose()


def _write_file(path: Path, contents: Contents) -> dict[str, int]:
    """Write a new SQLite file beside the old one and put it in its place at once."""
    try:
        if path.exists() and path.stat().st_size:
            _check_own(_file_tables(path), {"file": str(path)})
        with written_whole(path) as draft:
            counts = _fill_file(draft, contents)
            for suffix in ("-journal", "-wal", "-shm"):
                # What a killed reader left of the old file would be replayed into the new one.
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            return counts
    except (OSError, sqlite3.OperationalError) as error:
        raise UnreachableError(
            Fault(
                "the sample could not be written",
                {"file": str(path), "reason": str(error)},
                "a folder that can be written to, with room on the disk",
                "free space, correct the permissions, or choose another place",
            )
        ) from error


def _fill_file(draft: Path, contents: Contents) -> dict[str, int]:
    dialect = sqlite.dialect()
    counts = dict.fromkeys((table.name for table in METADATA.sorted_tables if table is not MARKER), 0)
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma synchronous = off")
        connection.execute("begin")
        for table in METADATA.sorted_tables:
            connection.execute(str(CreateTable(table).compile(dialect=dialect)))
        for table, rows in contents():
            marks = ", ".join("?" for _ in table.columns)
            insert = f"insert into {table.name} values ({marks})"  # noqa: S608 - the names are this package's own
            done = connection.executemany(insert, rows).rowcount
            if table is not MARKER:
                counts[table.name] += max(done, 0)
        connection.execute("commit")
    return counts


def _file_tables(path: Path) -> set[str]:
    """Return the names of the tables and views in an SQLite file, without changing it."""
    try:
        try:
            return _listed(path, "mode=ro")
        except sqlite3.OperationalError:
            # A killed writer's journal lies beside it, which only a writer could undo: look at the file as it is.
            return _listed(path, "immutable=1")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise ConfigError(
            Fault(
                "the file is not an SQLite database, so the sample leaves it alone",
                {"file": str(path)},
                "no file, or one that the sample made",
                "point KPI_SOURCE_URL to another file, or move this one away",
            )
        ) from error


def _listed(path: Path, how: str) -> set[str]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True)) as connection:
        found = connection.execute(
            "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%'"
        )
        return {name for (name,) in found}


def _write_server(engine: Engine, contents: Contents) -> dict[str, int]:
    where = {"url": _without_secrets(engine.url)}
    try:
        with engine.begin() as connection:
            inspector = inspect(connection)
            _check_own({*inspector.get_table_names(), *inspector.get_view_names()}, where)
            METADATA.drop_all(connection)
            METADATA.create_all(connection)
            counts = dict.fromkeys((table.name for table in METADATA.sorted_tables if table is not MARKER), 0)
            for table, rows in contents():
                done = _insert(connection, table, rows)
                if table is not MARKER:
                    counts[table.name] += done
            return counts
    except KpiError:
        raise
    except SQLAlchemyError as error:
        reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        raise UnreachableError(
            Fault(
                "the sample could not be written",
                {**where, "reason": reason.strip()},
                "a database that answers and lets this user make tables",
                "check that the server runs, the address, and the rights of the user",
            )
        ) from error


def _insert(connection: Connection, table: Table, rows: Rows) -> int:
    """Insert the rows in batches; COPY where the driver has it. Values go as text, the database knows the types."""
    columns = ", ".join(column.name for column in table.columns)
    count = 0
    if connection.dialect.driver == "psycopg":
        cursor: Any = connection.connection.cursor()
        with cursor, cursor.copy(f"copy {table.name} ({columns}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count
    names = [column.name for column in table.columns]
    values = ", ".join(f":{name}" for name in names)
    insert = text(f"insert into {table.name} ({columns}) values ({values})")  # noqa: S608 - this package's own names
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH_ROWS)):
        connection.execute(insert, [dict(zip(names, row, strict=True)) for row in batch])
        count += len(batch)
    return count


def _check_own(found: set[str], where: Mapping[str, object]) -> None:
    """Refuse a database that holds anything the sample did not make."""
    own = {table.name for table in METADATA.sorted_tables}
    foreign = sorted(found - own) if MARKER.name in found else sorted(found)
    if foreign:
        raise ConfigError(
            Fault(
                "the database holds tables that the sample did not make, so it is left alone",
                {**where, "tables": ", ".join(foreign)},
                "an empty database, or one that holds the sample and nothing else",
                "point KPI_SOURCE_URL to another database, or remove these tables yourself",
            )
        )


def _shown(url: str) -> str:
    """Return the URL without its password, as far as it can be read."""
    try:
        parsed: URL = make_url(url)
    except ArgumentError:
        return "(not readable)"
    return _without_secrets(parsed)


def _without_secrets(url: URL) -> str:
    """Return the URL without password and options (which may hold one too)."""
    return url.set(query={}).render_as_string(hide_password=True)
