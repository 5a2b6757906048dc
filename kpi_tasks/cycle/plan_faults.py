"""What is wrong with a criteria plan, or with the moment it is given. R1, R2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

from kpi_tasks.errors import ConfigError, Fault, UsageError
from kpi_tasks.month import Month
from kpi_tasks.rules.plan import Plan, PlanRules, plan_faults
from kpi_tasks.rules.scheme import Scheme


def begins_at(month: Month) -> datetime:
    """Return the moment the month begins, midnight in the scheme's time zone."""
    return datetime.combine(month.period.start, time(), tzinfo=ZoneInfo(month.department.scheme.time_zone))


def has_begun(month: Month, now: datetime) -> bool:
    """Whether the month has begun in the scheme's time zone."""
    return now >= begins_at(month)


def allowed_text(rules: PlanRules) -> str:
    """Say what R2 allows, as the scheme file has it."""
    slots = ", ".join(
        f"at most {slot.at_most} of weight {slot.weight}"
        for slot in sorted(rules.slots, key=lambda slot: -slot.weight)
    )
    count = rules.criteria_count
    return f"{count.at_least} to {count.at_most} criteria: {slots}; each weight at least once"


def check_plan(weights: Plan, scheme: Scheme, where: Mapping[str, object]) -> list[Fault]:
    """Return everything that a plan breaks of R2."""
    known = ", ".join(scheme.criteria)
    return [
        Fault(
            what,
            {**where, "plan": plan_text(weights)},
            f"a criterion of the scheme: {known}"
            if what.startswith("criterion ")
            else allowed_text(scheme.plan),
            "correct the weights; `kpi plan show` says what the scheme allows",
        )
        for what in plan_faults(weights, scheme.plan, scheme.criteria)
    ]


def plan_text(weights: Plan) -> str:
    """Write a plan the way the command line takes it, the heaviest first."""
    ordered = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    return ",".join(f"{criterion_id}={weight}" for criterion_id, weight in ordered)


def words(text: str | None) -> str | None:
    """Return a text without blanks around it; null where nothing is left."""
    return (text or "").strip() or None


def nobody(month: Month) -> Fault:
    """Say that a plan was given in nobody's name."""
    return Fault("nobody is named", place(month), "who decides on the plan", "name them: --by")


def refuse(broken: Sequence[Fault], others: Sequence[Fault]) -> None:
    """Raise with all faults, if there are any: a plan that breaks R2 is wrong itself, the others are wrong usage."""
    if broken:
        raise ConfigError([*broken, *others])
    if others:
        raise UsageError(others)


def place(month: Month) -> dict[str, object]:
    """Say which month of which department a fault is about."""
    return {"scheme": month.scheme_id, "period": month.period.key}


def begun(month: Month) -> Fault:
    """Say that a month's plan cannot be fixed any more."""
    zone = month.department.scheme.time_zone
    return Fault(
        f"{month.period} has begun",
        {**place(month), "began": str(month.period.start), "time zone": zone},
        "a month that lies ahead: its plan is fixed before it begins",
        f"amend it, with a reason: kpi plan amend --period {month.period}",
    )


def not_begun(month: Month) -> Fault:
    """Say that a month's plan need not be amended yet."""
    zone = month.department.scheme.time_zone
    return Fault(
        f"{month.period} has not begun",
        {**place(month), "begins": str(month.period.start), "time zone": zone},
        "a month that has begun: before that its plan may be fixed again",
        f"fix it: kpi plan fix --period {month.period}",
    )


def no_reason(month: Month) -> Fault:
    """Say that an amendment needs a reason."""
    return Fault(
        "the amendment has no reason",
        place(month),
        "why the plan changes after its month began; it is shown on the report",
        "say why: --reason",
    )


def nothing_amended(month: Month, weights: Plan) -> Fault:
    """Say that an amendment would change nothing."""
    return Fault(
        "this is the plan in force",
        {**place(month), "plan": plan_text(weights)},
        "other weights than those in force",
        f"look at it: kpi plan show --period {month.period}",
    )
