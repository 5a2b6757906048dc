"""Triggers that keep published rows as they are, for SQLite and PostgreSQL.

Migrations create them. What a call with the same arguments gives must not change: old migrations depend on it. A
migration that has to rewrite a guarded table takes the guard off (``unguard``), does its work and puts it back. On
SQLite a rebuilt table (Alembic's batch mode) loses its triggers and has to be guarded again.
"""

from __future__ import annotations

from collections.abc import Sequence

_FUNCTION = "kpi_refuse_change"


def prepare(dialect: str) -> list[str]:
    """Return what has to be there before the first guard: PostgreSQL's trigger function, nothing on SQLite."""
    if dialect != "postgresql":
        return []
    refuse = "raise exception 'published results are never changed (table %)', tg_table_name;"
    return [f"create function {_FUNCTION}() returns trigger language plpgsql as $$ begin {refuse} end $$"]


def guard(dialect: str, table: str, columns: Sequence[str] = ()) -> list[str]:
    """Return the statements that refuse updates and deletes on a table.

    With ``columns`` only updates of those columns are refused; deletes always are.
    """
    of_columns = f" of {', '.join(columns)}" if columns else ""
    if dialect == "postgresql":
        call = f"for each statement execute function {_FUNCTION}()"
        return [
            f"create trigger {table}_no_update before update{of_columns} on {table} {call}",
            f"create trigger {table}_no_delete before delete on {table} {call}",
            f"create trigger {table}_no_truncate before truncate on {table} {call}",
        ]
    refuse = f"begin select raise(abort, 'published results are never changed (table {table})'); end"
    return [
        f"create trigger {table}_no_update before update{of_columns} on {table} {refuse}",
        f"create trigger {table}_no_delete before delete on {table} {refuse}",
    ]


def unguard(dialect: str, table: str) -> list[str]:
    """Return the statements that take the guard of a table off."""
    if dialect == "postgresql":
        return [f"drop trigger {table}_no_{event} on {table}" for event in ("update", "delete", "truncate")]
    return [f"drop trigger {table}_no_{event}" for event in ("update", "delete")]
