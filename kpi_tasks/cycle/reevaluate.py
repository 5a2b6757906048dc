"""A published month evaluated again from the same frozen records, with something more decided about it. R5d, R14."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from kpi_tasks.cycle.published import published_month
from kpi_tasks.errors import KpiError
from kpi_tasks.frozen import FrozenMonth
from kpi_tasks.month import Month
from kpi_tasks.pipeline import PublishedMonth, conduct_follower, report
from kpi_tasks.results import ledger, store
from kpi_tasks.results.publish import DecidedMeanwhileError, SupersededError
from kpi_tasks.rules import RULES_VERSION
from kpi_tasks.rules.corrected import Evaluated, evaluate
from kpi_tasks.rulings import Correction, Ledger, in_order
from kpi_tasks.stages import Inputs

ATTEMPTS = 10
"""So often a month is computed anew where somebody else publishes it, or decides about it, meanwhile."""


@dataclass(frozen=True)
class Change:
    """What is decided now: corrections, grades of teams by hand, another plan (null: the month's own)."""

    corrections: tuple[Correction, ...] = ()
    team_grades: Mapping[str, str] = field(default_factory=dict)
    plan: Mapping[str, int] | None = None
    plan_origin: str | None = None


def reevaluate(
    month: Month,
    change: Change | Callable[[store.StoredEvaluation], Change],
    *,
    cause: str,
    now: datetime,
    alongside: Callable[[Connection], None] = lambda _connection: None,
) -> PublishedMonth:
    """Publish a new revision of a month: its current records and scheme, everything decided so far, and ``change``.

    A ``change`` that has to fit the current revision is given as a function of it: it is asked again where that was superseded
    meanwhile, and may raise to stop everything. ``alongside`` writes what led to it (the state of an appeal, a plan, a grade
    by hand) in the same transaction, and may raise too; corrections are added here. The report is rendered afterwards. Raises ``UsageError`` where the
    month is not published, and what computing and publishing raise.
    """
    engine = month.results()
    for attempt in range(1, ATTEMPTS + 1):
        stored = published_month(month)
        known = store.read_ledger(engine, month.scheme_id, month.period.key)
        now_decided = change if isinstance(change, Change) else change(stored)
        try:
            done = store.publish(
                engine,
                evaluation_with(month, stored, known, now_decided),
                now,
                cause,
                replaces=stored.row.evaluation_id,
                alongside=_writer(month, now_decided, alongside),
                follow=conduct_follower(month),
            )
            break
        except (SupersededError, DecidedMeanwhileError):
            if attempt == ATTEMPTS:
                raise
    _render(month, done.evaluation_id)
    return PublishedMonth(
        done.evaluation_id, done.revision, done.is_new, done.results_hash, "", stored.row.snapshot_id
    )


def _render(month: Month, evaluation_id: str) -> None:
    """Write the pages; where that fails, say that what was decided stands all the same."""
    try:
        report(month, evaluation_id, is_anew=True)
    except KpiError as error:
        what = f"{evaluation_id} is published and stands, but its pages were not written: "
        action = f"mend this, then: kpi report --period {month.period} --scheme {month.scheme_id}"
        raise type(error)(
            replace(fault, what=what + fault.what, action=action) for fault in error.faults
        ) from error


def _writer(
    month: Month, change: Change, alongside: Callable[[Connection], None]
) -> Callable[[Connection], None]:
    def write(connection: Connection) -> None:
        alongside(connection)
        ledger.add_corrections(connection, month.scheme_id, month.period.key, change.corrections)

    return write


def evaluation_with(
    month: Month, stored: store.StoredEvaluation, known: Ledger, change: Change
) -> store.Evaluation:
    """Compute the month of a stored evaluation with ``change``, ready to be published."""
    whole = replace(
        known,
        corrections=in_order((*known.corrections, *change.corrections)),
        team_grades={**known.team_grades, **change.team_grades},
    )
    frozen = FrozenMonth.of(month.settings, stored)
    plan = dict(stored.plan if change.plan is None else change.plan)
    evaluated = evaluate(frozen, plan, frozen.department.scheme, whole)
    inputs = Inputs(
        scheme_id=month.scheme_id,
        period=month.period.key,
        snapshot_id=stored.row.snapshot_id,
        scheme_hash=stored.row.scheme_hash,
        rules_version=RULES_VERSION,
        plan=dict(sorted(plan.items())),
        plan_origin=change.plan_origin or stored.plan_origin,
        findings_path="",
        ledger=whole.content(),
    )
    return _evaluation(stored, inputs, whole, evaluated)


def _evaluation(
    stored: store.StoredEvaluation, inputs: Inputs, whole: Ledger, evaluated: Evaluated
) -> store.Evaluation:
    scored = evaluated.scored
    return store.Evaluation(
        scheme_id=inputs.scheme_id,
        period=inputs.period,
        snapshot_id=inputs.snapshot_id,
        scheme_hash=inputs.scheme_hash,
        scheme_json=stored.scheme_json,
        plan=inputs.plan,
        plan_origin=inputs.plan_origin,
        inputs_hash=inputs.inputs_hash,
        criterion_results=scored.criterion_results,
        team_results=_labelled(
            scored.team_results, stored.team_results, "team_id", "team_name", "evaluator_id"
        ),
        member_results=_labelled(scored.member_results, stored.member_results, "member_id", "member_name"),
        penalties=scored.penalties,
        findings=stored.findings,
        set_aside=stored.set_aside,
        ledger=whole,
        effects=evaluated.effects,
        effective=evaluated.effective,
    )


def _labelled(results: pd.DataFrame, named: pd.DataFrame, key: str, *labels: str) -> pd.DataFrame:
    """Add the names that stand beside the same results in the revision before; the records are the same, so all are there."""
    results = results.drop(columns=[label for label in labels if label in results.columns])
    return results.merge(named[[key, *labels]], on=key, how="left", validate="one_to_one")
