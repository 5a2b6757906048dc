"""Locks: who writes to the same month waits in a row, whatever is written."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text


def lock_month(connection: Connection, scheme_id: str, period: str) -> None:
    """Make other writers of this month wait, publishers among them; SQLite's transaction has done so already."""
    if connection.dialect.name == "sqlite":
        return
    name = f"kpi publish {scheme_id} {period}"
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": number})
