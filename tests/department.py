"""A small department for tests: three teams, six members, one good month, in tables without constraints.

Real sources have keys and checks; these tables have none, so that tests can put every fault into them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

PERIOD = "2026-09"

TABLES = {
    "teams": "team_id text, team_name text, evaluator_id text",
    "members": "member_id text, member_name text, email text",
    "roster": "member_id text, team_id text, valid_from date, valid_to date",
    "board_dispatches": "record_id text, team_id text, member_id text, dispatched_at timestamp, boards int",
    "customer_visits": "record_id text, team_id text, member_id text, visited_at timestamp, minutes int",
    "trainings": "record_id text, team_id text, member_id text, trained_at timestamp, trainees int",
    "repairs": "record_id text, team_id text, member_id text, repaired_at timestamp, products int",
    "repair_record_returns": "record_id text, team_id text, member_id text, due_at timestamp, returned_at timestamp",
    "satisfaction_surveys": "record_id text, team_id text, member_id text, surveyed_at timestamp, score numeric(5,2)",
    "conduct_incidents": "record_id text, member_id text, occurred_at timestamp, category text, note text",
}

MEMBERS = {"M1": "T1", "M2": "T1", "M3": "T2", "M4": "T2", "M5": "T3", "M6": "T3"}
NAMES = {"M1": "王芳", "M2": "李伟", "M3": "张敏", "M4": "刘洋", "M5": "陈静", "M6": "杨喆"}


def rows(period: str = PERIOD) -> dict[str, list[tuple[object, ...]]]:
    """One good month: every member works in every criterion, the lower the number the more."""
    out: dict[str, list[tuple[object, ...]]] = {name: [] for name in TABLES}
    out["teams"] = [("T1", "东风组", "M1"), ("T2", "南山组", "M3"), ("T3", "西湖组", "M5")]
    out["members"] = [(member, NAMES[member], f"{member.lower()}@example.com") for member in MEMBERS]
    out["roster"] = [(member, team, "2026-01-01", None) for member, team in MEMBERS.items()]
    for number, (member, team) in enumerate(MEMBERS.items(), 1):
        for day in range(1, 10 - number):
            at = f"{period}-{day:02d} 09:30:00"
            tail = f"{period}-{member}-{day}"
            out["board_dispatches"].append((f"B-{tail}", team, member, at, 3))
            out["customer_visits"].append((f"V-{tail}", team, member, at, 45))
            out["trainings"].append((f"T-{tail}", team, member, at, 4))
            out["repairs"].append((f"R-{tail}", team, member, at, 2))
            returned = f"{period}-{day:02d} 08:00:00" if day % 2 else None
            out["repair_record_returns"].append((f"Q-{tail}", team, member, at, returned))
            out["satisfaction_surveys"].append((f"S-{tail}", team, member, at, 96 - number - day))
    out["conduct_incidents"] = [(f"C-{period}-1", "M4", f"{period}-05 10:00:00", "slow_service", "late")]
    return out


def fill(connection: sa.Connection, tables: dict[str, list[tuple[object, ...]]]) -> None:
    """Create the tables and put the rows in, on any database."""
    for name, columns in TABLES.items():
        connection.execute(sa.text(f"create table if not exists {name} ({columns})"))
        keys = [column.strip().split()[0] for column in columns.split(", ")]
        insert = sa.text(f"insert into {name} values ({', '.join(':' + key for key in keys)})")
        if tables[name]:
            connection.execute(insert, [dict(zip(keys, row, strict=True)) for row in tables[name]])


def write_source(url: str, *periods: str) -> None:
    """Fill a database with good months."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for position, period in enumerate(periods or (PERIOD,)):
            tables = rows(period)
            if position:  # reference data once
                tables |= {"teams": [], "members": [], "roster": []}
            fill(connection, tables)
    engine.dispose()


@contextmanager
def editing(home: Path) -> Iterator[sqlite3.Connection]:
    """Open the embedded SQLite source of ``home`` for a change, and commit it."""
    connection = sqlite3.connect(home / "source.db")
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()
