"""The ledger of appeals: the appeals, the trail of their steps, and what an upheld one costs the evaluator.

All functions take a connection, so that a step is part of the caller's transaction. Nothing is ever deleted; the trail and
the marks are never changed; of an appeal only its state is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select

from kpi_tasks.exact import to_decimal
from kpi_tasks.results import tables
from kpi_tasks.results.columntypes import exact_micros
from kpi_tasks.rulings import Correction


@dataclass(frozen=True)
class AppealRow:
    """One row of ``appeals``; ``evaluation_id`` is the result that is contested."""

    appeal_id: str
    scheme_id: str
    period: str
    member_id: str
    stage: str
    status: str
    filed_at: datetime
    due_on: date
    decided_at: datetime | None
    decided_by: str | None
    grounds: str
    answer: str | None
    evaluation_id: str
    no_talk_reason: str | None


@dataclass(frozen=True)
class AppealEvent:
    """One step of an appeal: who did what, when and why; ``stage`` is where it led to."""

    appeal_id: str
    position: int
    event: str
    stage: str
    recorded_by: str
    recorded_at: datetime
    note: str | None


@dataclass(frozen=True)
class Filing:
    """What is written down when an appeal is filed."""

    scheme_id: str
    period: str
    member_id: str
    stage: str
    due_on: date
    grounds: str
    evaluation_id: str
    no_talk_reason: str | None


@dataclass(frozen=True)
class Move:
    """One step of an appeal and the state it leads to; ``due_on`` and ``answer`` where the step sets them."""

    event: str
    stage: str
    status: str
    recorded_by: str
    recorded_at: datetime
    note: str | None
    due_on: date | None = None
    answer: str | None = None


@dataclass(frozen=True)
class Mark:
    """What an upheld appeal costs its evaluator (millionths of a work point), and in which month."""

    appeal_id: str
    scheme_id: str
    evaluator_id: str
    period: str
    points_micros: int


def lock_appeal(connection: Connection, appeal_id: str) -> AppealRow | None:
    """Read one appeal, and make others who would change it wait until the caller's transaction ends."""
    kept = tables.appeals
    query = select(kept).where(kept.c.appeal_id == appeal_id).with_for_update()  # SQLite has no such clause
    found = connection.execute(query).mappings().first()
    return None if found is None else AppealRow(**_named(AppealRow, found))


def read_appeals(
    connection: Connection,
    scheme_id: str | None = None,
    period: str | None = None,
    member_id: str | None = None,
) -> list[AppealRow]:
    """Read appeals in the order of their filing; of all schemes, months and members where none is named."""
    kept = tables.appeals
    query = select(kept)
    for name, value in (("scheme_id", scheme_id), ("period", period), ("member_id", member_id)):
        if value is not None:
            query = query.where(kept.c[name] == value)
    rows = [AppealRow(**_named(AppealRow, found)) for found in connection.execute(query).mappings()]
    return sorted(rows, key=lambda row: (row.filed_at, row.appeal_id))


def read_events(connection: Connection, appeal_ids: Iterable[str]) -> dict[str, tuple[AppealEvent, ...]]:
    """Read the trails of appeals, each in the order of its steps."""
    events: dict[str, tuple[AppealEvent, ...]] = dict.fromkeys(appeal_ids, ())
    kept = tables.appeal_events
    query = select(kept).where(kept.c.appeal_id.in_(events)).order_by(kept.c.appeal_id, kept.c.position)
    for found in connection.execute(query).mappings():
        event = AppealEvent(**_named(AppealEvent, found))
        events[event.appeal_id] += (event,)
    return events


def read_corrections(connection: Connection, appeal_ids: Iterable[str]) -> dict[str, tuple[Correction, ...]]:
    """Read the corrections that appeals have led to, by id."""
    corrections: dict[str, tuple[Correction, ...]] = dict.fromkeys(appeal_ids, ())
    kept = tables.corrections
    query = select(kept).where(kept.c.appeal_id.in_(corrections)).order_by(kept.c.correction_id)
    for found in connection.execute(query).mappings():
        corrections[str(found["appeal_id"])] += (Correction(**_named(Correction, found)),)
    return corrections


def read_marks(connection: Connection, appeal_ids: Iterable[str]) -> dict[str, Mark]:
    """Read what appeals have cost their evaluators."""
    kept = tables.evaluator_marks
    points = exact_micros(connection, kept.c.points).label("points_micros")
    query = select(kept.c.appeal_id, kept.c.scheme_id, kept.c.evaluator_id, kept.c.period, points)
    found = connection.execute(query.where(kept.c.appeal_id.in_(list(appeal_ids)))).mappings()
    return {str(row["appeal_id"]): Mark(**_named(Mark, row)) for row in found}


def add_appeal(connection: Connection, filing: Filing, by: str, now: datetime) -> AppealRow:
    """File an appeal: its row and the first step of its trail. The caller holds the month's lock."""
    number = _next_number(connection, tables.appeals, filing.scheme_id, filing.period)
    row = AppealRow(
        appeal_id=f"{filing.scheme_id}-{filing.period}-a{number:03d}",
        status="open",
        filed_at=now,
        decided_at=None,
        decided_by=None,
        answer=None,
        **vars(filing),
    )
    connection.execute(tables.appeals.insert(), vars(row))
    _add_event(connection, AppealEvent(row.appeal_id, 1, "filed", row.stage, by, now, row.no_talk_reason))
    return row


def move_appeal(connection: Connection, appeal_id: str, move: Move) -> None:
    """Take a step: the appeal's new state and the next entry of its trail."""
    kept, trail = tables.appeals.c, tables.appeal_events.c
    state: dict[str, Any] = {"stage": move.stage, "status": move.status}
    if move.due_on is not None:
        state["due_on"] = move.due_on
    if move.answer is not None:
        state |= {"answer": move.answer, "decided_by": move.recorded_by, "decided_at": move.recorded_at}
    connection.execute(tables.appeals.update().where(kept.appeal_id == appeal_id).values(state))
    last = connection.scalar(select(func.max(trail.position)).where(trail.appeal_id == appeal_id)) or 0
    _add_event(
        connection,
        AppealEvent(
            appeal_id, last + 1, move.event, move.stage, move.recorded_by, move.recorded_at, move.note
        ),
    )


def add_mark(connection: Connection, mark: Mark) -> None:
    """Write down what an upheld appeal costs its evaluator."""
    content = {name: value for name, value in vars(mark).items() if name != "points_micros"}
    connection.execute(tables.evaluator_marks.insert(), {**content, "points": to_decimal(mark.points_micros)})


def _add_event(connection: Connection, event: AppealEvent) -> None:
    connection.execute(tables.appeal_events.insert(), vars(event))


def _next_number(connection: Connection, table: Table, scheme_id: str, period: str) -> int:
    """Return the number of a month's next row: nothing is ever deleted, so the rows are counted."""
    kept = table.c
    count = connection.scalar(
        select(func.count()).select_from(table).where(kept.scheme_id == scheme_id, kept.period == period)
    )
    return 1 + (count or 0)


def _named(kind: type[Any], found: Any) -> dict[str, Any]:
    """Return the columns that a row type has."""
    return {field.name: found[field.name] for field in fields(kind)}
