"""What led to an evaluation: its plan as it was put in force, the revision before it, the corrections it rests on.

All of it stays as it is once the evaluation is published: what came later is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Engine, select

from kpi_tasks.results import tables
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.results.model import StoredEvaluation
from kpi_tasks.results.plans import PlanChange, plan_history
from kpi_tasks.results.read import read_evaluation


@dataclass(frozen=True)
class UsedCorrection:
    """One correction that an evaluation takes into account; ``is_effective`` false: its target is not there any more."""

    kind: str
    scope: str
    is_effective: bool


@dataclass(frozen=True)
class History:
    """What led to an evaluation.

    ``plan``: the plan it was scored by, as it was put in force (null: not written down); ``plan_before``: the one that
    stood for the month before that (null: none). ``previous``: the revision before (null: this is the first). ``effects``:
    one row a subject (``team``, ``member``), ``subject_id`` and ``quantity`` that all corrections together would change:
    ``before``, ``after`` (text, null: none), ``is_applied``.
    """

    plan: PlanChange | None
    plan_before: PlanChange | None
    previous: StoredEvaluation | None
    corrections: tuple[UsedCorrection, ...]
    effects: pd.DataFrame


def read_history(engine: Engine, stored: StoredEvaluation) -> History:
    """Read what led to an evaluation, current or not."""
    row = stored.row
    kept = tables.evaluations.c
    earlier = select(kept.evaluation_id).where(
        kept.scheme_id == row.scheme_id, kept.period == row.period, kept.revision == row.revision - 1
    )
    used, ledger, effects = tables.evaluation_corrections.c, tables.corrections.c, tables.correction_effects.c
    corrections = (
        select(ledger.kind, ledger.scope, used.is_effective)
        .join_from(tables.corrections, tables.evaluation_corrections, used.correction_id == ledger.correction_id)
        .where(used.evaluation_id == row.evaluation_id)
    )  # fmt: skip
    columns = (
        effects.subject, effects.subject_id, effects.quantity, effects.before, effects.after, effects.is_applied,
    )  # fmt: skip
    touched = select(*columns).where(effects.evaluation_id == row.evaluation_id)
    with read_transaction(engine) as connection:
        plan, plan_before = _plans(plan_history(connection, row.scheme_id, row.period), stored)
        previous_id = connection.scalar(earlier)
        found = [UsedCorrection(*entry) for entry in connection.execute(corrections)]
        rows = sorted(map(tuple, connection.execute(touched)), key=lambda entry: entry[:3])
    return History(
        plan=plan,
        plan_before=plan_before,
        previous=None if previous_id is None else read_evaluation(engine, previous_id),
        corrections=tuple(sorted(found, key=lambda entry: (entry.kind, entry.scope, entry.is_effective))),
        effects=pd.DataFrame(rows, columns=[column.name for column in columns], dtype=object),
    )


def _plans(
    changes: tuple[PlanChange, ...], stored: StoredEvaluation
) -> tuple[PlanChange | None, PlanChange | None]:
    """Return the change that put the evaluation's plan in force, and the one before it; those made later do not count."""
    known = [change for change in changes if change.fixed_at <= stored.row.created_at]
    for place in range(len(known) - 1, -1, -1):
        if (known[place].weights, known[place].origin) == (stored.plan, stored.plan_origin):
            return known[place], known[place - 1] if place else None
    return None, None
