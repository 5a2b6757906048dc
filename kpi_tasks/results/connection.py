"""Connections to the results database, and the one place where database errors become faults.

SQLite keeps its classic rollback journal, not WAL. WAL needs shared memory, which network folders do not have; it puts
two more files beside the database, so that copying one file may lose data; and a reader without write permission in the
folder is shut out. With one short write a month, readers that wait a moment for its commit are the smaller price.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, StaticPool

from kpi_tasks.errors import ConfigError, Fault, KpiError, UnreachableError

BUSY_SECONDS = 60.0
"""How long a SQLite connection waits for another one's write."""

_SECRET_OPTIONS = ("password", "sslpassword")
_SQLITE_CACHE_KIB = 65536
_POSTGRES_UNREACHABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ReadOnlySqlTransaction,
)
_SQLITE_UNREACHABLE = {  # SQLite's other codes (wrong SQL, a broken constraint) are this program's doing
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_AUTH,
}  # fmt: skip
_PRIMARY_CODE = 0xFF  # the rest of SQLite's code says more precisely what happened
_ACTIONS = (
    ("locked", "wait for the other program that writes to it, or end it, and run again"),
    ("full", "make room on the disk and run again; what was there before is unharmed"),
    ("No space left", "make room on the disk and run again; what was there before is unharmed"),
    ("readonly", "make the file and its folder writable"),
    ("unable to open", "check that the folder exists, is one, and may be written to"),
    ("authentication failed", "check the user and the password of KPI_RESULTS_URL"),
    ("does not exist", "check the database's and the user's name in KPI_RESULTS_URL; create them where they are missing"),
    ("permission denied", "have the database's owner grant what is missing"),
    ("malformed", "the file is damaged: restore it from a backup"),
)  # fmt: skip


def connect(url: str | URL, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Open the results database (SQLite or PostgreSQL) and see that it answers.

    The folder of a SQLite file is made where it is missing. The engine keeps no connections open, so it need not be
    closed and may be carried across a fork. Raises ``ConfigError`` for an address that cannot be meant and
    ``UnreachableError`` where the database does not answer.
    """
    address = _parse(url)
    if address.get_backend_name() == "sqlite":
        engine = _sqlite_engine(address, busy_seconds)
        probe = "select count(*) from sqlite_master"
    else:
        defaults = {"connect_timeout": 10, "application_name": "kpi"}
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            hide_parameters=True,
            isolation_level="READ COMMITTED",  # what is read after waiting for a lock must be what is there then
            connect_args={name: value for name, value in defaults.items() if name not in address.query},
        )
        probe = "select 1"
    with translated_errors(engine), engine.connect() as connection:
        connection.exec_driver_sql(probe)
    return engine


def shown(url: URL) -> str:
    """Return the address as it may be printed: without passwords, without the driver's name."""
    kept = {name: value for name, value in url.query.items() if name not in _SECRET_OPTIONS}
    return url.set(drivername=url.get_backend_name(), query=kept).render_as_string(hide_password=True)


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection for reading; database errors come out as faults."""
    with translated_errors(engine), engine.connect() as connection:
        yield connection


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose work is kept as a whole or not at all; database errors come out as faults.

    SQLite: the right to write is taken at the start, so that what is read inside cannot change before it is written.
    """
    with translated_errors(engine), engine.connect() as connection:
        connection = connection.execution_options(sqlite_begin="IMMEDIATE")
        with connection.begin():
            yield connection


@contextmanager
def translated_errors(engine: Engine) -> Iterator[None]:
    """Turn errors of the database that are not this program's doing into ``UnreachableError`` or ``ConfigError``.

    Anything else (a broken constraint, wrong SQL) is a bug and passes through.
    """
    try:
        yield
    except exc.DBAPIError as error:
        fault = _fault(error.orig, engine.url)
        if fault is None:
            raise
        raise fault from error
    except (psycopg.Error, sqlite3.Error) as error:  # from COPY, which SQLAlchemy does not wrap
        fault = _fault(error, engine.url)
        if fault is None:
            raise
        raise fault from error


def _fault(error: BaseException | None, url: URL) -> KpiError | None:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code == sqlite3.SQLITE_NOTADB:
        fault = Fault(
            "the results database is a file of another kind",
            {"database": shown(url)},
            "a SQLite database",
            "point KPI_RESULTS_URL at another file",
        )
        return ConfigError(fault)
    if code not in _SQLITE_UNREACHABLE and not isinstance(error, _POSTGRES_UNREACHABLE):
        return None
    message = " ".join(str(error).split())
    if url.password:
        message = message.replace(str(url.password), "***")
    action = next(
        (action for sign, action in _ACTIONS if sign in message),
        "check that it runs and that KPI_RESULTS_URL is right",
    )
    return UnreachableError(
        Fault(f"the results database cannot be used: {message}", {"database": shown(url)}, "a database that answers", action)
    )  # fmt: skip


def _parse(url: str | URL) -> URL:
    expected = "sqlite:///path/to/file.db or postgresql://user@host/database"
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except (exc.ArgumentError, ValueError):
        raise ConfigError(  # the text itself may hold a password: it is not repeated
            Fault(
                "the address of the results database cannot be read", {}, expected, "correct KPI_RESULTS_URL"
            )
        ) from None
    if backend not in ("sqlite", "postgresql", "postgres"):
        raise ConfigError(
            Fault("results cannot be kept in this kind of database", {"database": shown(address)}, expected, "correct KPI_RESULTS_URL")
        )  # fmt: skip
    return address


def _sqlite_engine(address: URL, busy_seconds: float) -> Engine:
    path = address.database
    is_memory = not path or path == ":memory:" or address.query.get("mode") == "memory"
    if not is_memory and not str(path).startswith("file:"):
        try:
            Path(str(path)).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fault = Fault(
                f"the folder of the results database cannot be made: {error.strerror}",
                {"folder": str(Path(str(path)).parent)},
                "a folder that can be written to",
                "make the folder, or point KPI_RESULTS_URL elsewhere",
            )
            raise UnreachableError(fault) from error
    engine = create_engine(
        address.set(drivername="sqlite+pysqlite"),
        poolclass=StaticPool if is_memory else NullPool,
        hide_parameters=True,
        connect_args={"timeout": busy_seconds},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions begin where we say, see below
        cursor = connection.cursor()
        cursor.execute("pragma foreign_keys = on")
        cursor.execute("pragma recursive_triggers = on")  # "insert or replace" must not get past the guards
        cursor.execute(
            f"pragma cache_size = -{_SQLITE_CACHE_KIB}"
        )  # a month's pages stay in memory until the commit
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(
            f"begin {connection.get_execution_options().get('sqlite_begin', 'deferred')}"
        )

    return engine
