"""Criteria plans: the one in force for a month, the one a month is scored by, and every one that ever was in force. R1.

``criteria_plans`` holds the plan in force, ``plan_changes`` each plan that was. Both are written here alone, together. The
plan that a month is scored by follows from what people fixed and amended, never from what was computed before: so months
computed in any order are scored by the same plans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, RowMapping, func, select

from kpi_tasks.results import tables
from kpi_tasks.results.locks import lock_month
from kpi_tasks.results.model import StoredPlan

BY_HAND = ("fixed", "amended")
"""Origins of plans that people decided on; the others only say what stands where nobody did."""


@dataclass(frozen=True)
class ScoringPlan:
    """The plan that a month is scored by: weight by criterion, where it comes from.

    ``carried_from`` is the month whose fixed plan is carried forward, null for other origins.
    """

    weights: dict[str, int]
    origin: str
    carried_from: str | None = None


@dataclass(frozen=True)
class PlanChange:
    """One plan that was in force for a month from ``fixed_at`` on, until the next change."""

    change: int
    weights: dict[str, int]
    origin: str
    fixed_at: datetime
    fixed_by: str | None
    reason: str | None


def plan_of_month(connection: Connection, scheme_id: str, period: str) -> StoredPlan | None:
    """Return the plan in force that was written down for a month, if one was."""
    kept = tables.criteria_plans.c
    query = select(tables.criteria_plans).where(kept.scheme_id == scheme_id, kept.period == period)
    found = connection.execute(query).mappings().all()
    if not found:
        return None
    return StoredPlan(_weights(found), found[0]["origin"], found[0]["fixed_at"], found[0]["reason"])


def plan_to_score_by(
    connection: Connection, scheme_id: str, period: str, default: Mapping[str, int]
) -> ScoringPlan:
    """Return the plan that a month is scored by. R1.

    The plan that was fixed or amended for this very month; else the plan last fixed for the latest month before it, carried
    forward (an amendment holds for its own month alone); else ``default``, the scheme's.
    """
    own = plan_of_month(connection, scheme_id, period)
    if own is not None and own.origin in BY_HAND:
        return ScoringPlan(own.weights, own.origin)
    kept = tables.plan_changes.c
    latest = connection.scalar(
        select(func.max(kept.period)).where(
            kept.scheme_id == scheme_id, kept.period < period, kept.origin == "fixed"
        )
    )
    if latest is None:
        return ScoringPlan(dict(sorted(default.items())), "default")
    fixed = [entry for entry in plan_history(connection, scheme_id, latest) if entry.origin == "fixed"]
    return ScoringPlan(fixed[-1].weights, "carried_forward", latest)


def plan_history(connection: Connection, scheme_id: str, period: str) -> tuple[PlanChange, ...]:
    """Return every plan that was ever in force for a month, the first first."""
    kept = tables.plan_changes.c
    query = select(tables.plan_changes).where(kept.scheme_id == scheme_id, kept.period == period)
    rows = connection.execute(query.order_by(kept.change)).mappings().all()
    return tuple(
        _change(number, list(lines)) for number, lines in groupby(rows, key=lambda row: int(row["change"]))
    )


def later_plans_by_rule(connection: Connection, scheme_id: str, period: str) -> list[str]:
    """Return the months after this one whose plan was written down and decided by nobody, the first first."""
    kept = tables.criteria_plans.c
    query = select(kept.period).where(
        kept.scheme_id == scheme_id, kept.period > period, kept.origin.not_in(BY_HAND)
    )
    return sorted(connection.scalars(query.distinct()))


def write_plan(
    connection: Connection,
    scheme_id: str,
    period: str,
    weights: Mapping[str, int],
    *,
    origin: str,
    now: datetime,
    by: str | None = None,
    reason: str | None = None,
) -> None:
    """Put a plan in force for a month, and add it to the plans that ever were."""
    lock_month(connection, scheme_id, period)
    changes, plans = tables.plan_changes, tables.criteria_plans
    of_month = {"scheme_id": scheme_id, "period": period}
    last = connection.scalar(
        select(func.max(changes.c.change)).where(changes.c.scheme_id == scheme_id, changes.c.period == period)
    )
    rows = [
        {**of_month, "criterion_id": criterion_id, "weight": weight, "origin": origin, "fixed_at": now, "reason": reason}
        for criterion_id, weight in sorted(weights.items())
    ]  # fmt: skip
    connection.execute(plans.delete().where(plans.c.scheme_id == scheme_id, plans.c.period == period))
    connection.execute(plans.insert(), rows)
    connection.execute(changes.insert(), [{**row, "change": 1 + (last or 0), "fixed_by": by} for row in rows])


def _weights(rows: Sequence[RowMapping]) -> dict[str, int]:
    """Return weight by criterion, sorted here: databases differ in how they order text."""
    return dict(sorted((row["criterion_id"], row["weight"]) for row in rows))


def _change(number: int, rows: Sequence[RowMapping]) -> PlanChange:
    first = rows[0]
    return PlanChange(
        number, _weights(rows), first["origin"], first["fixed_at"], first["fixed_by"], first["reason"]
    )
