"""The source tables as the sample makes them, and the marker that says that it did."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Integer, MetaData, Numeric, Table, Text

METADATA = MetaData()


def _records(name: str, *columns: Column[object]) -> Table:
    """Describe a table of records: an id, the team and the member on the record, and what was done."""
    return Table(
        name,
        METADATA,
        Column("record_id", Text, primary_key=True),
        Column("team_id", Text, nullable=False),
        Column("member_id", Text, nullable=False),
        *columns,
    )


TEAMS = Table(
    "teams",
    METADATA,
    Column("team_id", Text, primary_key=True),
    Column("team_name", Text, nullable=False),
    Column("evaluator_id", Text),
)
MEMBERS = Table(
    "members",
    METADATA,
    Column("member_id", Text, primary_key=True),
    Column("member_name", Text, nullable=False),
    Column("email", Text),
)
ROSTER = Table(
    "roster",
    METADATA,
    Column("member_id", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
)
RECORD_TABLES = {
    "boards": _records(
        "board_dispatches",
        Column("dispatched_at", DateTime, nullable=False),
        Column("boards", Integer, nullable=False),
    ),
    "visits": _records(
        "customer_visits",
        Column("visited_at", DateTime, nullable=False),
        Column("minutes", Integer, nullable=False),
    ),
    "trainings": _records(
        "trainings",
        Column("trained_at", DateTime, nullable=False),
        Column("trainees", Integer, nullable=False),
    ),
    "repairs": _records(
        "repairs",
        Column("repaired_at", DateTime, nullable=False),
        Column("products", Integer, nullable=False),
    ),
    "returns": _records(
        "repair_record_returns",
        Column("due_at", DateTime, nullable=False),
        Column("returned_at", DateTime),
    ),
    "satisfaction": _records(
        "satisfaction_surveys",
        Column("surveyed_at", DateTime, nullable=False),
        Column("score", Numeric(5, 2), nullable=False),
    ),
}
"""Kind of work and its table."""
INCIDENTS = Table(
    "conduct_incidents",
    METADATA,
    Column("record_id", Text, primary_key=True),
    Column("member_id", Text, nullable=False),
    Column("occurred_at", DateTime, nullable=False),
    Column("category", Text, nullable=False),
    Column("note", Text),
)
MARKER = Table(
    "kpi_sample",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Says that the sample made this database, so that it may be made again."""
