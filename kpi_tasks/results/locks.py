"""Locks on PostgreSQL until the end of the transaction; SQLite has one writer at a time anyhow.

The lock on a scheme's actions is the last to be taken: a transaction that holds it must not wait for that of a month, whose
holder may be waiting for this one.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text


def lock_month(connection: Connection, scheme_id: str, period: str) -> None:
    """Make other writers of this month wait, publishers among them."""
    _lock(connection, f"kpi publish {scheme_id} {period}")


def lock_actions(connection: Connection, scheme_id: str) -> None:
    """Make others who change this scheme's personnel actions wait."""
    _lock(connection, f"kpi actions {scheme_id}")


def _lock(connection: Connection, name: str) -> None:
    if connection.dialect.name == "sqlite":
        return
    connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": lock_number(name)})


def lock_number(name: str) -> int:
    """Return the number by which PostgreSQL knows a lock of ours."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
