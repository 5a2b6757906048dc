"""Reading evaluations and plans back, exactly as they were published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Table,
    select,
)

from kpi_tasks.results import tables
from kpi_tasks.results.columntypes import Exact, exact_micros
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.results.findings import findings_of
from kpi_tasks.results.frames import RESULT_TABLES, result_columns, to_arrow, to_frame
from kpi_tasks.results.hashing import results_hash, values_by_column
from kpi_tasks.results.ledger import ledger_of_evaluation
from kpi_tasks.results.model import EvaluationRow, StoredEvaluation, StoredPlan
from kpi_tasks.results.plans import ScoringPlan, plan_of_month, plan_to_score_by


def read_current(engine: Engine, scheme_id: str, period: str) -> StoredEvaluation | None:
    """Read the current revision of a month; ``None`` where it was never published."""
    with read_transaction(engine) as connection:
        row = current_row(connection, scheme_id, period)
        return None if row is None else _stored(connection, row)


def read_evaluation(engine: Engine, evaluation_id: str) -> StoredEvaluation | None:
    """Read one revision, current or not; ``None`` where there is none of this id."""
    with read_transaction(engine) as connection:
        condition = tables.evaluations.c.evaluation_id == evaluation_id
        found = connection.execute(select(tables.evaluations).where(condition)).mappings().first()
        return None if found is None else _stored(connection, EvaluationRow(**found))


def list_evaluations(engine: Engine, scheme_id: str) -> list[EvaluationRow]:
    """List all revisions of a scheme, by month and revision."""
    kept = tables.evaluations.c
    query = select(tables.evaluations).where(kept.scheme_id == scheme_id).order_by(kept.period, kept.revision)
    with read_transaction(engine) as connection:
        return [EvaluationRow(**found) for found in connection.execute(query).mappings()]


def read_plan(engine: Engine, scheme_id: str, period: str) -> StoredPlan | None:
    """Read the criteria plan in force for a month (R1); ``None`` where none was fixed or used yet."""
    with read_transaction(engine) as connection:
        return plan_of_month(connection, scheme_id, period)


def read_plan_to_score_by(
    engine: Engine, scheme_id: str, period: str, default: Mapping[str, int]
) -> ScoringPlan:
    """Read the criteria plan that a month is scored by (R1), see ``plan_to_score_by``."""
    with read_transaction(engine) as connection:
        return plan_to_score_by(connection, scheme_id, period, default)


def read_actions(engine: Engine, scheme_id: str, period: str) -> pd.DataFrame:
    """Read the personnel actions of a month: one row a member and action, sorted by them.

    Columns: member_id, action, starts_on, ends_on (null: open), reason (null: none); dates as ``datetime.date``.
    """
    kept = tables.personnel_actions.c
    query = select(kept.member_id, kept.action, kept.starts_on, kept.ends_on, kept.reason).where(
        kept.scheme_id == scheme_id, kept.period == period
    )
    with read_transaction(engine) as connection:
        found = connection.execute(query)
        names, records = list(found.keys()), sorted(map(tuple, found), key=lambda record: record[:2])
    return pd.DataFrame(records, columns=names)


def is_intact(stored: StoredEvaluation) -> bool:
    """Say whether the results read back still have the hash they were published with."""
    rows = {table.name: to_arrow(table, getattr(stored, table.name)) for table in RESULT_TABLES}
    return results_hash(values_by_column(rows)) == stored.row.results_hash


def current_row(connection: Connection, scheme_id: str, period: str) -> EvaluationRow | None:
    """Return the current revision's row of a month, if there is one."""
    kept = tables.evaluations.c
    query = select(tables.evaluations).where(
        kept.scheme_id == scheme_id, kept.period == period, kept.is_current
    )
    found = connection.execute(query).mappings().first()
    return None if found is None else EvaluationRow(**found)


def plan_of_evaluation(connection: Connection, evaluation_id: str) -> tuple[dict[str, int], str]:
    """Return the plan that an evaluation was scored by, and where it came from."""
    kept = tables.evaluation_plans
    query = select(kept).where(kept.c.evaluation_id == evaluation_id)
    found = _sorted(connection.execute(query).mappings().all())
    return {row["criterion_id"]: row["weight"] for row in found}, found[0]["origin"]


def _sorted(found: Any) -> list[RowMapping]:
    """Sort by criterion here: databases differ in how they order text."""
    return sorted(found, key=lambda row: str(row["criterion_id"]))


def _stored(connection: Connection, row: EvaluationRow) -> StoredEvaluation:
    schemes, findings, set_aside = (
        tables.scheme_versions,
        tables.validation_findings,
        tables.set_aside_records,
    )
    weights, origin = plan_of_evaluation(connection, row.evaluation_id)
    content = connection.scalar(select(schemes.c.content).where(schemes.c.scheme_hash == row.scheme_hash))
    found = connection.execute(
        select(findings).where(findings.c.evaluation_id == row.evaluation_id).order_by(findings.c.position)
    )
    counts = connection.execute(
        select(set_aside.c.record_type, set_aside.c.reason, set_aside.c.record_count).where(
            set_aside.c.evaluation_id == row.evaluation_id
        )
    )
    return StoredEvaluation(
        row=row,
        ledger=ledger_of_evaluation(connection, row.evaluation_id),
        scheme_json=str(content),
        plan=weights,
        plan_origin=origin,
        findings=findings_of(found.mappings()),
        set_aside=sorted(
            (dict(entry) for entry in counts.mappings()),
            key=lambda entry: (entry["record_type"], entry["reason"]),
        ),
        **{table.name: _frame(connection, table, row.evaluation_id) for table in RESULT_TABLES},
    )


def _frame(connection: Connection, table: Table, evaluation_id: str) -> pd.DataFrame:
    columns = [_selected(connection, table.c[column.name]) for column in result_columns(table)]
    query = select(*columns).where(table.c.evaluation_id == evaluation_id)
    cursor: Any = connection.execute(
        query
    ).cursor  # plain tuples: a row object each is slow for a large month
    return to_frame(table, cursor.fetchall())


def _selected(connection: Connection, column: Column[Any]) -> ColumnElement[Any]:
    return exact_micros(connection, column) if isinstance(column.type, Exact) else column
