"""The form by which the department fixes next month's plan in Airflow: what it asks, and what an answer does. R1, R2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kpi_tasks.cycle.plan_faults import allowed_text, begins_at, has_begun, plan_text
from kpi_tasks.cycle.plans import PlanDeed, carry_forward, fix, show
from kpi_tasks.errors import ConfigError, Fault, UsageError
from kpi_tasks.month import Month
from kpi_tasks.results.plans import BY_HAND

FIX = "Fix this plan"
CARRY = "Carry the last plan forward"
OPTIONS = (FIX, CARRY)
NOT_USED = "not used"
REASON = "Reason"
"""The name of the field for a reason; criteria begin with a small letter, so none can have it."""

_ASK_AGAIN = "nothing was written: clear `look` and what follows it in the grid, and answer anew"


@dataclass(frozen=True)
class Field:
    """One field of the form: what it is prefilled with, and its JSON Schema."""

    value: str | None
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class PlanQuestion:
    """What the department is asked; the answer is waited for until the month begins."""

    subject: str
    body: str
    fields: dict[str, Field]
    open_for: timedelta


def question(month: Month, now: datetime) -> PlanQuestion | None:
    """Return what to ask about a month's plan; null where it is fixed, or where the month has begun."""
    view = show(month, now, month.results())
    if view.origin in BY_HAND or has_begun(month, now):
        return None
    scheme = month.department.scheme
    begins = begins_at(month)
    weights = [str(weight) for weight in sorted({slot.weight for slot in scheme.plan.slots}, reverse=True)]
    fields = {
        criterion_id: Field(
            str(view.weights.get(criterion_id, NOT_USED)),
            criterion.reason,
            {
                "type": "string",
                "title": f"{criterion.name.zh} {criterion.name.en}",
                "enum": [*weights, NOT_USED],
            },
        )
        for criterion_id, criterion in scheme.criteria.items()
    }
    fields[REASON] = Field(
        None, "Why these priorities; kept with the plan.", {"type": ["null", "string"], "title": REASON}
    )
    source = f"the plan of {view.carried_from}" if view.carried_from else "the scheme's default plan"
    body = (
        f"The weight of each criterion in **{month.period}**, prefilled with {source}.\n\n"
        f"Allowed are {allowed_text(scheme.plan)}.\n\n"
        f"- **{FIX}**: the weights in this form are fixed for {month.period}.\n"
        f"- **{CARRY}**: {source} stands (`{plan_text(view.weights)}`); so it does without an answer by "
        f"{begins:%Y-%m-%d %H:%M} ({scheme.time_zone})."
    )
    return PlanQuestion(f"{scheme.name.en}: criteria plan of {month.period}", body, fields, begins - now)


def settle(month: Month, answer: Mapping[str, Any] | None, now: datetime) -> PlanDeed:
    """Do what the answer says: fix the plan in the form, or carry the last one forward; null: nobody was asked.

    ``answer`` has ``chosen_options``, ``params_input`` (field -> value) and ``responded_by_user`` (null: nobody answered in
    time). Raises as ``fix`` does, and nothing is written.
    """
    if answer is None:
        return carry_forward(month, now)
    given: Mapping[str, Any] = answer["params_input"] or {}
    reason = str(given.get(REASON) or "") or None
    user = answer.get("responded_by_user")
    if list(answer["chosen_options"]) != [FIX]:
        if user is None:
            return carry_forward(month, now, reason="nobody answered before the month began")
        return carry_forward(month, now, by=str(user["name"]), reason=reason)
    who = str(user["name"]) if user is not None else ""
    try:
        return fix(month, _weights(month, given), by=who, now=now, reason=reason)
    except (UsageError, ConfigError) as error:
        if has_begun(month, now):
            raise
        raise type(error)(replace(fault, action=_ASK_AGAIN) for fault in error.faults) from error


def _weights(month: Month, given: Mapping[str, Any]) -> dict[str, int]:
    """Read the weights of an answered form; the interface of programs does not check what it is sent."""
    weights: dict[str, int] = {}
    faults: list[Fault] = []
    for criterion_id, value in given.items():
        if criterion_id == REASON or value in (None, NOT_USED):
            continue
        if str(value).isascii() and str(value).isdigit():
            weights[criterion_id] = int(value)
        else:
            where = {"scheme": month.scheme_id, "period": month.period.key, "criterion": criterion_id}
            faults.append(
                Fault(
                    "the form holds no weight",
                    {**where, "value": value},
                    f"a weight, or {NOT_USED!r}",
                    _ASK_AGAIN,
                )
            )
    if faults:
        raise UsageError(faults)
    return weights
