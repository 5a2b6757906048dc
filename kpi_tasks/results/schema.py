"""The version of the results schema: seen to before every use, raised only when asked.

Migrations are Alembic's, in ``sql/migrations``. An empty database is filled at once; an older one is left as it is until
``kpi db upgrade``, because other programs may read it; a newer one is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.results.connection import connect, read_transaction, shown, translated_errors
from kpi_tasks.results.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parents[2] / "sql" / "migrations"
VIEWS = (
    "current_evaluations", "current_criterion_results", "current_team_results", "current_member_results",
    "current_penalties",
)  # fmt: skip
_UPGRADE_LOCK = 0x6B70695F736368  # any number that is ours alone: "kpi_sch"
_REVISION = re.compile(
    r"^(down_revision|revision)\s*(?::[^=]+)?=\s*(?:None|[\"']([^\"']+)[\"'])", re.MULTILINE
)


@dataclass(frozen=True)
class _Versions:
    """The revision the program works with, and all that lead there."""

    head: str
    known: frozenset[str]


def ensure_schema(engine: Engine, *, migrations: Path = MIGRATIONS) -> None:
    """See that the database has this program's tables; fill it where it has none.

    Raises ``ConfigError`` where the schema is older (``kpi db upgrade`` raises it) or newer than the program, or where
    somebody else's tables have our names.
    """
    versions = _versions(migrations)
    with read_transaction(engine) as connection:
        if _current(connection) == versions.head:
            return
    with _upgrading(engine) as connection:
        found = _current(connection)
        if found == versions.head:
            return  # another process was quicker
        if found is not None:
            raise ConfigError(_version_fault(engine, found, versions))
        _refuse_clashes(connection, engine)
        _migrate(connection, migrations)


def upgrade(engine: Engine, *, migrations: Path = MIGRATIONS) -> str:
    """Bring the schema to this program's version and return that version; all of it or nothing.

    Does nothing where it is there already. Raises ``ConfigError`` where the schema is newer than the program.
    """
    versions = _versions(migrations)
    with _upgrading(engine) as connection:
        found = _current(connection)
        if found is None:
            _refuse_clashes(connection, engine)
        elif found not in versions.known:
            raise ConfigError(_version_fault(engine, found, versions))
        if found != versions.head:
            _migrate(connection, migrations)
    return versions.head


def schema_version(engine: Engine) -> str | None:
    """Return the revision the database is at; ``None`` where it has no tables of ours."""
    with read_transaction(engine) as connection:
        return _current(connection)


def migration_config(connection: Connection, migrations: Path = MIGRATIONS) -> Config:
    """Return Alembic's configuration, bound to a connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def new_migration(message: str, *, migrations: Path = MIGRATIONS) -> None:
    """Write the next migration's file from what ``tables.py`` has and the migrations so far do not (for developers)."""
    from alembic import command

    number = f"{len(_versions(migrations).known) + 1:04d}"
    engine = connect("sqlite://")
    ensure_schema(engine, migrations=migrations)
    with engine.connect() as connection:
        command.revision(migration_config(connection, migrations), message, autogenerate=True, rev_id=number)


@contextmanager
def _upgrading(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction that only one process at a time can have."""
    is_sqlite = engine.dialect.name == "sqlite"
    with translated_errors(engine), engine.connect() as connection:
        connection = connection.execution_options(sqlite_begin="IMMEDIATE")
        if (
            is_sqlite
        ):  # rebuilding a table looks like deleting it; this has no effect once a transaction has begun
            _pragma(connection, "foreign_keys = off")
        try:
            with connection.begin():
                if not is_sqlite:
                    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
                yield connection
                broken = connection.exec_driver_sql("pragma foreign_key_check").first() if is_sqlite else None
                if broken is not None:
                    raise RuntimeError(f"a migration left rows without their parent: {broken}")
        finally:
            if is_sqlite:
                _pragma(connection, "foreign_keys = on")


def _pragma(connection: Connection, setting: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"pragma {setting}")
    cursor.close()


def _migrate(connection: Connection, migrations: Path) -> None:
    from alembic import command

    command.upgrade(migration_config(connection, migrations), "head")


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()


def _versions(migrations: Path) -> _Versions:
    """Read the chain of revisions from the files, without the cost of importing Alembic."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for path in sorted((migrations / "versions").glob("*.py")):
        for name, value in _REVISION.findall(path.read_text(encoding="utf-8")):
            (revisions if name == "revision" else followed).add(value)
    heads = revisions - followed
    if len(heads) != 1:
        fault = Fault(
            "the migrations of the results schema do not form one chain",
            {"folder": str(migrations), "ends": ", ".join(sorted(heads)) or "none"},
            "one revision that no other follows",
            "install the program again, with its sql/ folder",
        )
        raise ConfigError(fault)
    return _Versions(heads.pop(), frozenset(revisions))


def _version_fault(engine: Engine, found: str, versions: _Versions) -> Fault:
    is_older = found in versions.known
    return Fault(
        "the results database has an older schema" if is_older else "the results database has a newer or foreign schema",
        {"database": shown(engine.url), "table": "alembic_version", "value": found},
        f"schema revision {versions.head}",
        "run: kpi db upgrade"
        if is_older
        else "update this program; if the database belongs to another one, point KPI_RESULTS_URL elsewhere",
    )  # fmt: skip


def _refuse_clashes(connection: Connection, engine: Engine) -> None:
    inspector = inspect(connection)
    there = {*inspector.get_table_names(), *inspector.get_view_names()}
    clashes = sorted(there & {*metadata.tables, *VIEWS})
    if clashes:
        raise ConfigError(
            Fault(
                "the results database has tables with our names that this program did not make",
                {"database": shown(engine.url), "table": name},
                "a database without them, or one that this program made",
                "rename the table, or point KPI_RESULTS_URL at another database",
            )
            for name in clashes
        )
