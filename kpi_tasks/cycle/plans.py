"""The criteria plan's calendar: shown, fixed before its month begins, amended after, carried forward by itself. R1, R2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from kpi_tasks.cycle.plan_faults import (
    begun,
    check_plan,
    has_begun,
    no_reason,
    nobody,
    not_begun,
    nothing_amended,
    place,
    refuse,
    words,
)
from kpi_tasks.cycle.reevaluate import Change, reevaluate
from kpi_tasks.errors import UsageError
from kpi_tasks.frozen import stored_department
from kpi_tasks.month import Month
from kpi_tasks.period import Period
from kpi_tasks.pipeline import PublishedMonth
from kpi_tasks.results import plans, store
from kpi_tasks.results.connection import read_transaction, write_transaction
from kpi_tasks.results.locks import lock_month
from kpi_tasks.results.read import current_row
from kpi_tasks.rules.plan import Plan
from kpi_tasks.schemefile import load_department
from kpi_tasks.settings import Settings

_NO_HISTORY: tuple[plans.PlanChange, ...] = ()


@dataclass(frozen=True)
class PlanView:
    """A month's plan as it is shown.

    ``is_written``: it was written down; otherwise it is the one that would apply. ``carried_from``: the month whose fixed plan
    is carried forward. ``fixed_at``, ``fixed_by``, ``reason``: of the last change, null where nothing was written down.
    ``due_on``: by this day the department fixes it.
    """

    scheme_id: str
    period: str
    weights: dict[str, int]
    origin: str
    carried_from: str | None
    is_written: bool
    fixed_at: datetime | None
    fixed_by: str | None
    reason: str | None
    has_begun: bool
    due_on: date
    history: tuple[plans.PlanChange, ...]


@dataclass(frozen=True)
class PlanDeed:
    """What a deed came to; ``is_new`` is false where the plan was so already. ``published``: the new revision, if one."""

    scheme_id: str
    period: str
    weights: dict[str, int]
    origin: str
    carried_from: str | None = None
    is_new: bool = True
    published: PublishedMonth | None = None


def open_plan_month(period: str, scheme_id: str | None, *, settings: Settings) -> Month:
    """Read the scheme of a month that may lie ahead; raises as ``month.open_month`` does, not for the month's end."""
    parsed = Period.parse(period)
    return Month(settings, load_department(settings.root, scheme_id or settings.scheme_id), parsed)


def show(month: Month, now: datetime, engine: Engine | None) -> PlanView:
    """Return the plan in force, or the one that would apply; ``engine`` null: there is no results database yet. R1."""
    scheme = month.department.scheme
    plan, history = plans.ScoringPlan(dict(sorted(_default(month).items())), "default"), _NO_HISTORY
    if engine is not None:
        with read_transaction(engine) as connection:
            plan = _to_score_by(connection, month)
            history = plans.plan_history(connection, month.scheme_id, month.period.key)
    last = history[-1] if history and _is_same(plan, history[-1]) else None
    return PlanView(
        scheme_id=month.scheme_id,
        period=month.period.key,
        weights=plan.weights,
        origin=plan.origin,
        carried_from=plan.carried_from,
        is_written=last is not None,
        fixed_at=last.fixed_at if last else None,
        fixed_by=last.fixed_by if last else None,
        reason=last.reason if last else None,
        has_begun=has_begun(month, now),
        due_on=month.period.previous().start.replace(day=scheme.calendar.plan_fixed_by.value),
        history=history,
    )


def fix(month: Month, weights: Plan, *, by: str, now: datetime, reason: str | None = None) -> PlanDeed:
    """Fix the plan of a month that has not begun; it may be fixed again until then. R1, R2.

    Later months that only carry an earlier plan forward follow. The plan that is fixed already is not written again.
    Raises ``ConfigError`` for a plan that breaks R2, else ``UsageError``, with all faults, and nothing is written.
    """
    faults = [] if words(by) else [nobody(month)]
    if has_begun(month, now):
        faults.append(begun(month))
    refuse(check_plan(weights, month.department.scheme, place(month)), faults)
    with _writing(month) as connection:
        plan = plans.plan_of_month(connection, month.scheme_id, month.period.key)
        is_new = plan is None or plan.origin != "fixed" or plan.weights != dict(weights)
        if is_new:
            _write(connection, month, weights, "fixed", now, by, words(reason))
            _let_later_months_follow(connection, month, now)
    return PlanDeed(month.scheme_id, month.period.key, dict(sorted(weights.items())), "fixed", is_new=is_new)


def amend(month: Month, weights: Plan, *, by: str, reason: str, now: datetime) -> PlanDeed:
    """Change the plan of a month that has begun, for that month alone; a published month is evaluated again. R1, R2.

    Raises ``ConfigError`` for a plan that breaks R2, else ``UsageError``, with all faults, and nothing is written.
    """
    engine = month.results()
    stored = store.read_current(engine, month.scheme_id, month.period.key)
    scheme = stored_department(stored, month.settings.root).scheme if stored else month.department.scheme
    faults = [] if words(by) else [nobody(month)]
    if not has_begun(month, now):
        faults.append(not_begun(month))
    if not words(reason):
        faults.append(no_reason(month))
    refuse(check_plan(weights, scheme, place(month)), faults)

    def write(connection: Connection) -> None:
        if _to_score_by(connection, month).weights == dict(weights):
            raise UsageError(nothing_amended(month, weights))
        _write(connection, month, weights, "amended", now, by, words(reason))

    deed = PlanDeed(month.scheme_id, month.period.key, dict(sorted(weights.items())), "amended")
    with _writing(month) as connection:
        is_published = current_row(connection, month.scheme_id, month.period.key) is not None
        if not is_published:
            write(connection)
    if not is_published:
        return deed
    change = Change(plan=dict(weights), plan_origin="amended")
    published = reevaluate(month, change, cause="plan_amended", now=now, alongside=write)
    return PlanDeed(deed.scheme_id, deed.period, deed.weights, deed.origin, published=published)


def carry_forward(
    month: Month, now: datetime, *, by: str | None = None, reason: str | None = None
) -> PlanDeed:
    """Write down the plan that stands where nobody has fixed one: the last fixed, else the scheme's default. R1.

    A plan that was fixed or amended stays as it is. Doing it again changes nothing.
    """
    with _writing(month) as connection:
        plan = _to_score_by(connection, month)
        is_new = plan.origin not in plans.BY_HAND and _carry(connection, month, now, by, reason)
    return PlanDeed(
        month.scheme_id, month.period.key, plan.weights, plan.origin, plan.carried_from, is_new=is_new
    )


def _default(month: Month) -> Plan:
    return month.department.scheme.plan.default.weights


def _to_score_by(connection: Connection, month: Month) -> plans.ScoringPlan:
    return plans.plan_to_score_by(connection, month.scheme_id, month.period.key, _default(month))


def _is_same(plan: plans.ScoringPlan, change: plans.PlanChange) -> bool:
    return (plan.weights, plan.origin) == (change.weights, change.origin)


@contextmanager
def _writing(month: Month) -> Iterator[Connection]:
    """Give a transaction in which nobody else writes to this month."""
    with write_transaction(month.results()) as connection:
        lock_month(connection, month.scheme_id, month.period.key)
        yield connection


def _write(
    connection: Connection,
    month: Month,
    weights: Plan,
    origin: str,
    now: datetime,
    by: str | None,
    reason: str | None,
) -> None:
    plans.write_plan(
        connection, month.scheme_id, month.period.key, weights, origin=origin, now=now, by=by, reason=reason
    )


def _carry(
    connection: Connection, month: Month, now: datetime, by: str | None = None, reason: str | None = None
) -> bool:
    """Write down the plan that stands by itself, where that is not done; say whether it was to be done."""
    plan = _to_score_by(connection, month)
    history = plans.plan_history(connection, month.scheme_id, month.period.key)
    if history and _is_same(plan, history[-1]):
        return False
    source = f"the plan of {plan.carried_from}" if plan.carried_from else "the scheme's default plan"
    why = words(reason)
    _write(
        connection, month, plan.weights, plan.origin, now, by, f"{source} stands{f': {why}' if why else ''}"
    )
    return True


def _let_later_months_follow(connection: Connection, month: Month, now: datetime) -> None:
    for period in plans.later_plans_by_rule(connection, month.scheme_id, month.period.key):
        lock_month(connection, month.scheme_id, period)
        later = Month(month.settings, month.department, Period.parse(period))
        if _to_score_by(connection, later).origin not in plans.BY_HAND:
            _carry(connection, later, now)
