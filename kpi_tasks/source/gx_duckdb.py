"""The SQLAlchemy dialect through which Great Expectations reads DuckDB, for SELECTs only.

Great Expectations knows no DuckDB. What it needs is small: run a SELECT, list the columns of a view, and see a
PostgreSQL behind the dialect so that it writes ``~`` for regular expressions (anchor them: whether ``~`` asks for a
match of the whole text has changed between versions of DuckDB). It also reads a cursor after the connection went back
to the pool; a ROLLBACK at that point would drop the result, so transactions are left out: nothing is written through
this dialect.

DuckDB itself is only touched through the connection that ``creator`` gives. Nothing in this module refers to the
``duckdb`` package, because Great Expectations keeps every dialect alive until the interpreter ends, and DuckDB prints
leak warnings about objects that outlive it.
"""
# ruff: noqa: ARG002 - SQLAlchemy sets what the methods are called with

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, types
from sqlalchemy.dialects import postgresql, registry
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect, PGIdentifierPreparer

URL = "kpi_duckdb://"
"""Goes with ``creator``: the URL itself opens nothing."""

_COLUMNS = "select column_name from duckdb_columns() where table_name = ? order by column_index"


class Quiet:
    """A DuckDB connection as SQLAlchemy wants it: every cursor stands on its own and draws no progress bar."""

    def __init__(self, connection: Any) -> None:
        """Take the open connection; closing it stays with the caller."""
        self._connection = connection

    def cursor(self) -> Any:
        """Return a new cursor; settings of the connection do not reach it."""
        cursor = self._connection.cursor()
        cursor.execute("set enable_progress_bar = false")
        return cursor

    def close(self) -> None:
        """Leave the connection open."""


class _NeverRaised(Exception):  # noqa: N818 - it stands in for the driver's base class
    """The driver's errors pass through SQLAlchemy as they are: they already say what is wrong."""


class _LiteralCompiler(PGCompiler):
    """Writes values into the SQL.

    Great Expectations gives the query of failing rows as text and fills values in itself, with Python's quotes and
    backslashes; so no value is left to fill in. A bound float would be a DOUBLE; a literal such as 0.5 is a DECIMAL.
    """

    def visit_bindparam(self, bindparam: Any, **options: Any) -> Any:  # type: ignore[override]
        """Render every value as a literal."""
        return super().visit_bindparam(bindparam, **(options | {"literal_binds": True}))  # type: ignore[no-untyped-call]


class _QuotingPreparer(PGIdentifierPreparer):
    """Quotes every name: DuckDB reserves other words than PostgreSQL."""

    def _requires_quotes(self, value: str) -> bool:
        return True


class DuckDBReader(PGDialect):
    """A read-only dialect: PostgreSQL's SQL, DuckDB's catalogue, no transactions."""

    name = "duckdb"
    driver = "kpi"
    default_paramstyle = "qmark"
    supports_statement_cache = False
    statement_compiler = _LiteralCompiler
    preparer = _QuotingPreparer

    def __init__(self, **options: Any) -> None:
        """Show Great Expectations a PostgreSQL: it looks for an attribute of this name on the instance."""
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self.dialect = postgresql.dialect

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return the least that SQLAlchemy asks of a driver."""
        return SimpleNamespace(paramstyle="qmark", Error=_NeverRaised)

    def initialize(self, connection: Connection) -> None:
        """Ask the server nothing."""
        self.default_schema_name = "main"

    def on_connect(self) -> None:
        """Set nothing on new connections."""

    def do_begin(self, dbapi_connection: Any) -> None:
        """Leave transactions out."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Leave transactions out."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Leave transactions out: a rollback would drop results that are still to be read."""

    def has_table(self, connection: Connection, table_name: str, schema: str | None = None, **_: Any) -> bool:
        """Whether there is a table or view of that name."""
        return bool(self.get_columns(connection, table_name, schema))

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[Any]:
        """Return the columns of a table or view. Types are left open: DuckDB knows them."""
        rows = connection.exec_driver_sql(_COLUMNS, (str(table_name),))
        return [
            {"name": name, "type": types.NullType(), "nullable": True, "default": None} for (name,) in rows
        ]

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> Any:
        """Return no primary key: views have none."""
        return {"constrained_columns": [], "name": None}


def register() -> None:
    """Make ``URL`` known to SQLAlchemy; calling it again changes nothing."""
    registry.register("kpi_duckdb", __name__, DuckDBReader.__name__)
