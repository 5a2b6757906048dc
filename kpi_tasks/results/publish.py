"""Publishing: one transaction that writes a new revision of a month, or nothing.

Two runs of one month at once are put in a row (SQLite: the right to write; PostgreSQL: a lock on the month), and the
second finds what the first has published. Different months do not wait for each other on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from kpi_tasks.errors import ConfigError, Fault, KpiError
from kpi_tasks.results import tables
from kpi_tasks.results.actions import Follow, sync_actions
from kpi_tasks.results.bulk import insert_rows
from kpi_tasks.results.connection import write_transaction
from kpi_tasks.results.findings import finding_rows
from kpi_tasks.results.frames import RESULT_TABLES, to_arrow
from kpi_tasks.results.hashing import results_hash, values_by_column
from kpi_tasks.results.ledger import ledger_of_evaluation, ledger_of_month
from kpi_tasks.results.locks import lock_month
from kpi_tasks.results.model import Evaluation, EvaluationRow, Published, StoredPlan
from kpi_tasks.results.plans import BY_HAND, plan_of_month, write_plan
from kpi_tasks.results.read import current_row, plan_of_evaluation

FIRST_CAUSE = "run"

Alongside = Callable[[Connection], None]


class SupersededError(KpiError):
    """The month was published anew while it was computed; computing it once more helps."""


class DecidedMeanwhileError(ConfigError):
    """Something was decided about the month while it was computed; computing it once more helps."""


def publish(
    engine: Engine,
    evaluation: Evaluation,
    now: datetime,
    cause: str | None = None,
    *,
    replaces: str | None = None,
    alongside: Alongside | None = None,
    follow: Follow | None = None,
) -> Published:
    """Write a computed month as a new revision, make it the current one, and bring personnel actions up to date (R8, R9).

    Where the current revision has the same ``inputs_hash``, no revision is written and that one is returned. ``now`` is
    the time of publication, with a zone. ``cause`` says why there is a new revision; where not given it follows from
    what changed: ``run`` (first), ``late_records``, ``plan_amended``, ``scheme_changed``, ``appeal``.

    ``alongside`` writes first, in the same transaction: all of it happens or nothing. ``replaces``: the evaluation that must
    still be the current one. ``follow`` turns the scheme's conduct into personnel actions, see ``sync_actions``.

    Raises ``UnreachableError`` where the database cannot be written to (nothing was published), ``DataError`` for a
    number too large to be stored, ``ConfigError`` where plan or ledger in force are not those the month was scored by,
    ``SupersededError`` where another revision than ``replaces`` is the current one.
    """
    frames = {table.name: getattr(evaluation, table.name) for table in RESULT_TABLES}
    rows = {table.name: to_arrow(table, frames[table.name]) for table in RESULT_TABLES}
    values = values_by_column(rows)
    found_hash = results_hash(values)
    with write_transaction(engine) as connection:
        lock_month(connection, evaluation.scheme_id, evaluation.period)
        current = current_row(connection, evaluation.scheme_id, evaluation.period)
        if replaces is not None and (current is None or current.evaluation_id != replaces):
            raise SupersededError(_superseded(evaluation, replaces, current))
        if alongside is not None:
            alongside(connection)
        if current is not None and current.inputs_hash == evaluation.inputs_hash:
            return Published(
                current.evaluation_id, current.revision, is_new=False, results_hash=current.results_hash
            )
        _settle_plan(connection, evaluation, now)
        _check_ledger(connection, evaluation)
        row = _add_evaluation(connection, evaluation, current, now, cause, found_hash)
        for table in RESULT_TABLES:
            insert_rows(connection, table, row.evaluation_id, rows[table.name], values[table.name])
        _add_findings(connection, row.evaluation_id, evaluation)
        _add_corrections(connection, row.evaluation_id, evaluation)
        if follow is not None:
            sync_actions(connection, evaluation.scheme_id, follow)
    return Published(row.evaluation_id, row.revision, is_new=True, results_hash=found_hash)


def _superseded(evaluation: Evaluation, replaces: str, current: EvaluationRow | None) -> Fault:
    return Fault(
        "the month was published anew while it was computed",
        {"evaluation": replaces, "current": current.evaluation_id if current else "none"},
        f"that {replaces} is still the current revision of {evaluation.period}",
        "do it again: it is computed from the current revision then",
    )


def decided_meanwhile(scheme_id: str, period: str) -> Fault:
    """Say that the ledger of a month is not the one that it was measured or scored with."""
    return Fault(
        "something was decided about the month while it was computed",
        {"scheme": scheme_id, "period": period},
        "the corrections, grades by hand and marks that the month was scored with",
        "run the month again",
    )


def _check_ledger(connection: Connection, evaluation: Evaluation) -> None:
    """Refuse results that leave out what was decided meanwhile."""
    ledger = ledger_of_month(connection, evaluation.scheme_id, evaluation.period)
    if ledger.content() != evaluation.ledger.content():
        raise DecidedMeanwhileError(decided_meanwhile(evaluation.scheme_id, evaluation.period))


def _add_corrections(connection: Connection, evaluation_id: str, evaluation: Evaluation) -> None:
    """Record which corrections the evaluation has taken into account, and all that they would touch."""
    if evaluation.effective:
        connection.execute(
            tables.evaluation_corrections.insert(),
            [
                {"evaluation_id": evaluation_id, "correction_id": correction_id, "is_effective": is_effective}
                for correction_id, is_effective in evaluation.effective.items()
            ],
        )
    if evaluation.effects is not None and len(evaluation.effects):
        names = list(evaluation.effects.columns)
        rows = evaluation.effects.itertuples(index=False, name=None)
        connection.execute(
            tables.correction_effects.insert(),
            [
                {"evaluation_id": evaluation_id}
                | {name: None if pd.isna(value) else value for name, value in zip(names, row, strict=True)}
                for row in rows
            ],
        )


def _settle_plan(connection: Connection, evaluation: Evaluation, now: datetime) -> None:
    """Write down the plan that followed from the rules (R1); refuse one that somebody has changed meanwhile."""
    plan = plan_of_month(connection, evaluation.scheme_id, evaluation.period)
    if plan is not None and plan.weights == dict(evaluation.plan):
        return
    if plan is not None and plan.origin in BY_HAND:
        raise ConfigError(_plan_fault(evaluation, plan))
    write_plan(
        connection,
        evaluation.scheme_id,
        evaluation.period,
        evaluation.plan,
        origin=evaluation.plan_origin,
        now=now,
    )


def _plan_fault(evaluation: Evaluation, plan: StoredPlan) -> Fault:
    return Fault(
        "the month was scored by a plan that is not in force any more",
        {
            "scheme": evaluation.scheme_id,
            "period": evaluation.period,
            "plan": _plan_text(evaluation.plan),
        },
        f"the plan in force: {_plan_text(plan.weights)}",
        "run the month again; to change its plan, amend it first",
    )


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
    if weights != dict(evaluation.plan):
        return "plan_amended"
    # What is decided about a month is published at once; only the mark of an appeal against another month comes later.
    used = ledger_of_evaluation(connection, current.evaluation_id)
    is_marked = used.content() != evaluation.ledger.content()
    return "appeal" if is_marked and current.scheme_hash == evaluation.scheme_hash else "scheme_changed"


def _add_findings(connection: Connection, evaluation_id: str, evaluation: Evaluation) -> None:
    findings = finding_rows(evaluation_id, evaluation.findings)
    if findings:
        connection.execute(tables.validation_findings.insert(), findings)
    set_aside = [{"evaluation_id": evaluation_id, **entry} for entry in evaluation.set_aside]
    if set_aside:
        connection.execute(tables.set_aside_records.insert(), set_aside)
