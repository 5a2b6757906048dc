"""The ledger of a month: corrections, grades decided by hand, marks of evaluators. Rows are added, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, func, select

from kpi_tasks.results import tables
from kpi_tasks.results.columntypes import exact_micros
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.rulings import EVALUATOR_MARK, Correction, Ledger, in_order

__all__ = [
    "Correction",
    "Ledger",
    "add_corrections",
    "add_team_grade",
    "ledger_of_evaluation",
    "ledger_of_month",
    "read_ledger",
]


def read_ledger(engine: Engine, scheme_id: str, period: str) -> Ledger:
    """Return everything decided about a month so far."""
    with read_transaction(engine) as connection:
        return ledger_of_month(connection, scheme_id, period)


def ledger_of_month(connection: Connection, scheme_id: str, period: str) -> Ledger:
    """Return everything decided about a month so far, inside the caller's transaction."""
    kept, decided, marks = tables.corrections.c, tables.team_decisions.c, tables.evaluator_marks.c
    entries = connection.execute(
        select(tables.corrections).where(kept.scheme_id == scheme_id, kept.period == period)
    ).mappings()
    corrections = _corrections(entries)
    by_hand = connection.execute(
        select(decided.team_id, decided.grade)
        .where(decided.scheme_id == scheme_id, decided.period == period)
        .order_by(decided.position)
    )
    points = exact_micros(connection, marks.points)
    marked = connection.execute(
        select(marks.appeal_id, marks.evaluator_id, points).where(
            marks.scheme_id == scheme_id, marks.period == period
        )
    )
    return Ledger(
        corrections=corrections,
        team_grades={str(team_id): str(grade) for team_id, grade in by_hand},
        marks={appeal_id: (evaluator_id, int(micros)) for appeal_id, evaluator_id, micros in marked},
    )


def ledger_of_evaluation(connection: Connection, evaluation_id: str) -> Ledger:
    """Return what an evaluation was computed with: its corrections; grades by hand and marks that had something to act on."""
    used, teams, penalties = tables.evaluation_corrections.c, tables.team_results.c, tables.penalties.c
    entries = connection.execute(
        select(tables.corrections)
        .join(tables.evaluation_corrections)
        .where(used.evaluation_id == evaluation_id)
    ).mappings()
    decided = connection.execute(
        select(teams.team_id, teams.grade).where(
            teams.evaluation_id == evaluation_id, teams.grade_rule == "R5d_decided"
        )
    )
    points = exact_micros(connection, penalties.points)
    marked = connection.execute(
        select(penalties.record_id, penalties.member_id, points).where(
            penalties.evaluation_id == evaluation_id, penalties.category == EVALUATOR_MARK
        )
    )
    return Ledger(
        corrections=_corrections(entries),
        team_grades={str(team_id): str(grade) for team_id, grade in decided},
        marks={record_id: (member_id, int(micros)) for record_id, member_id, micros in marked},
    )


def _corrections(entries: Iterable[RowMapping]) -> tuple[Correction, ...]:
    names = list(Correction.__dataclass_fields__)
    found = [Correction(**{name: entry[name] for name in names}) for entry in entries]
    return in_order(found)


def add_corrections(
    connection: Connection, scheme_id: str, period: str, corrections: Iterable[Correction]
) -> None:
    """Add corrections to a month's ledger."""
    month = {"scheme_id": scheme_id, "period": period}
    entries = [{**month, **vars(entry)} for entry in corrections]
    if entries:
        connection.execute(tables.corrections.insert(), entries)


def add_team_grade(
    connection: Connection,
    scheme_id: str,
    period: str,
    decision: Mapping[str, str],
    now: datetime,
) -> None:
    """Add a decision on a team's grade (``team_id``, ``grade``, ``reason``, ``decided_by``); it stands until the next one."""
    kept = tables.team_decisions.c
    month = {"scheme_id": scheme_id, "period": period}
    last = connection.scalar(
        select(func.max(kept.position)).where(
            kept.scheme_id == scheme_id, kept.period == period, kept.team_id == decision["team_id"]
        )
    )
    entry = {**month, **decision, "position": 1 + (last or 0), "decided_at": now}
    connection.execute(tables.team_decisions.insert(), entry)
