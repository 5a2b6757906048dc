"""Publishing: one transaction that writes a new revision of a month, or nothing.

Two runs of one month at once are put in a row (SQLite: the right to write; PostgreSQL: a lock on the month), and the
second finds what the first has published. Different months do not wait for each other on PostgreSQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select, text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.period import Period
from kpi_tasks.results import tables
from kpi_tasks.results.bulk import insert_rows
from kpi_tasks.results.connection import write_transaction
from kpi_tasks.results.findings import finding_rows
from kpi_tasks.results.frames import RESULT_TABLES, to_arrow
from kpi_tasks.results.hashing import results_hash, values_by_column
from kpi_tasks.results.model import Evaluation, EvaluationRow, Published
from kpi_tasks.results.read import current_row, plan_of_evaluation, plan_of_month

FIRST_CAUSE = "run"


def publish(engine: Engine, evaluation: Evaluation, now: datetime, cause: str | None = None) -> Published:
    """Write a computed month as a new revision, make it the current one, and bring its warnings up to date (R8).

    Where the current revision has the same ``inputs_hash``, nothing is written and that revision is returned. ``now`` is
    the time of publication, with a zone. ``cause`` says why there is a new revision; where not given it follows from
    what changed: ``run`` (first), ``late_records``, ``plan_amended``, ``scheme_changed``.

    Raises ``UnreachableError`` where the database cannot be written to (nothing was published), ``DataError`` for a
    number too large to be stored, ``ConfigError`` where the plan in force is not the one the month was scored by.
    """
    frames = {table.name: getattr(evaluation, table.name) for table in RESULT_TABLES}
    rows = {table.name: to_arrow(table, frames[table.name]) for table in RESULT_TABLES}
    values = values_by_column(rows)
    found_hash = results_hash(values)
    with write_transaction(engine) as connection:
        _lock_month(connection, evaluation)
        current = current_row(connection, evaluation.scheme_id, evaluation.period)
        if current is not None and current.inputs_hash == evaluation.inputs_hash:
            return Published(
                current.evaluation_id, current.revision, is_new=False, results_hash=current.results_hash
            )
        _settle_plan(connection, evaluation, now)
        row = _add_evaluation(connection, evaluation, current, now, cause, found_hash)
        for table in RESULT_TABLES:
            insert_rows(connection, table, row.evaluation_id, rows[table.name], values[table.name])
        _add_findings(connection, row.evaluation_id, evaluation)
        _replace_warnings(connection, evaluation)
    return Published(row.evaluation_id, row.revision, is_new=True, results_hash=found_hash)


def _lock_month(connection: Connection, evaluation: Evaluation) -> None:
    """Make other publishers of this month wait; SQLite's transaction has done so already."""
    if connection.dialect.name == "sqlite":
        return
    name = f"kpi publish {evaluation.scheme_id} {evaluation.period}"
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": number})


def _settle_plan(connection: Connection, evaluation: Evaluation, now: datetime) -> None:
    """Record the plan as the month's where it has none; refuse one that is not in force any more."""
    plan = plan_of_month(connection, evaluation.scheme_id, evaluation.period)
    if plan is None:
        month = {"scheme_id": evaluation.scheme_id, "period": evaluation.period}
        connection.execute(
            tables.criteria_plans.insert(),
            [
                {**month, "criterion_id": criterion_id, "weight": weight, "origin": evaluation.plan_origin, "fixed_at": now}
                for criterion_id, weight in evaluation.plan.items()
            ],
        )  # fmt: skip
    elif plan.weights != dict(evaluation.plan):
        fault = Fault(
            "the month was scored by a plan that is not in force any more",
            {
                "scheme": evaluation.scheme_id,
                "period": evaluation.period,
                "plan": _plan_text(evaluation.plan),
            },
            f"the plan in force: {_plan_text(plan.weights)}",
            "run the month again; to change its plan, amend it first",
        )
        raise ConfigError(fault)


def _plan_text(plan: Mapping[str, int]) -> str:
    return ", ".join(f"{criterion_id} {weight}" for criterion_id, weight in sorted(plan.items()))


def _add_evaluation(
    connection: Connection,
    evaluation: Evaluation,
    current: EvaluationRow | None,
    now: datetime,
    cause: str | None,
    found_hash: str,
) -> EvaluationRow:
    scheme_id, period = evaluation.scheme_id, evaluation.period
    kept = tables.evaluations.c
    revision = 1 + (
        connection.scalar(
            select(func.max(kept.revision)).where(kept.scheme_id == scheme_id, kept.period == period)
        )
        or 0
    )
    row = EvaluationRow(
        evaluation_id=f"{scheme_id}-{period}-r{revision}",
        scheme_id=scheme_id,
        period=period,
        revision=revision,
        is_current=True,
        snapshot_id=evaluation.snapshot_id,
        scheme_hash=evaluation.scheme_hash,
        inputs_hash=evaluation.inputs_hash,
        results_hash=found_hash,
        created_at=now,
        cause=cause or _cause(connection, evaluation, current),
    )
    version = {
        "scheme_hash": evaluation.scheme_hash,
        "scheme_id": scheme_id,
        "content": evaluation.scheme_json,
    }
    _insert_if_absent(connection, tables.scheme_versions, version)
    if current is not None:
        connection.execute(
            tables.evaluations.update()
            .where(kept.evaluation_id == current.evaluation_id)
            .values(is_current=False)
        )
    connection.execute(tables.evaluations.insert(), vars(row))
    connection.execute(
        tables.evaluation_plans.insert(),
        [
            {"evaluation_id": row.evaluation_id, "criterion_id": criterion_id, "weight": weight, "origin": evaluation.plan_origin}
            for criterion_id, weight in evaluation.plan.items()
        ],
    )  # fmt: skip
    return row


def _insert_if_absent(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    connection.execute(insert(table).values(values).on_conflict_do_nothing())


def _cause(connection: Connection, evaluation: Evaluation, current: EvaluationRow | None) -> str:
    if current is None:
        return FIRST_CAUSE
    if current.snapshot_id != evaluation.snapshot_id:
        return "late_records"
    weights, _origin = plan_of_evaluation(connection, current.evaluation_id)
    return "plan_amended" if weights != dict(evaluation.plan) else "scheme_changed"


def _add_findings(connection: Connection, evaluation_id: str, evaluation: Evaluation) -> None:
    findings = finding_rows(evaluation_id, evaluation.findings)
    if findings:
        connection.execute(tables.validation_findings.insert(), findings)
    set_aside = [{"evaluation_id": evaluation_id, **entry} for entry in evaluation.set_aside]
    if set_aside:
        connection.execute(tables.set_aside_records.insert(), set_aside)


def _replace_warnings(connection: Connection, evaluation: Evaluation) -> None:
    """Bring the month's serious warnings to what this evaluation says: one a member zeroed by R8."""
    kept = tables.personnel_actions.c
    connection.execute(
        tables.personnel_actions.delete().where(
            kept.scheme_id == evaluation.scheme_id,
            kept.period == evaluation.period,
            kept.action == "serious_warning",
        )
    )
    members, penalties = evaluation.member_results, evaluation.penalties
    zeroed = members.loc[members["is_zeroed"].astype(bool), "member_id"].tolist()
    if not zeroed:
        return
    counted = penalties.loc[~penalties["is_voided"].astype(bool) & penalties["member_id"].isin(zeroed)]
    incidents = {str(member_id): sorted(ids) for member_id, ids in counted.groupby("member_id")["record_id"]}
    last_day = Period.parse(evaluation.period).end - timedelta(days=1)
    connection.execute(
        tables.personnel_actions.insert(),
        [
            {
                "scheme_id": evaluation.scheme_id,
                "member_id": member_id,
                "period": evaluation.period,
                "action": "serious_warning",
                "starts_on": last_day,
                "ends_on": None,
                "reason": _warning_reason(incidents.get(member_id, [])),
            }
            for member_id in zeroed
        ],
    )


def _warning_reason(incident_ids: list[str]) -> str:
    return f"{len(incident_ids)} conduct incidents: {', '.join(incident_ids)}"
