"""The criteria plan: which criteria count in a month, and how much. R1, R2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from kpi_tasks.rules.policy import Policy

Plan = Mapping[str, int]
"""Criterion id -> weight, for one month."""


class Slot(Policy):
    """At most how many criteria of a plan may carry a weight."""

    weight: int = Field(ge=1, le=100)
    at_most: int = Field(ge=1, le=100)


class CriteriaCount(Policy):
    """How many criteria a plan has."""

    at_least: int = Field(ge=1, le=100)
    at_most: int = Field(ge=1, le=100)
    unit: Literal["criteria"]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.at_most < self.at_least:
            raise ValueError(f"at_most {self.at_most} lies below at_least {self.at_least}")
        return self


class DefaultPlan(Policy):
    """The plan of a month for which nobody has fixed one."""

    weights: dict[str, int] = Field(min_length=1)


class PlanRules(Policy):
    """What a plan may look like (R2), and the plan that stands when nothing else was fixed (R1)."""

    slots: tuple[Slot, ...] = Field(min_length=1)
    criteria_count: CriteriaCount
    default: DefaultPlan

    @model_validator(mode="after")
    def _slots_fit(self) -> Self:
        faults = [
            f"weight {weight} has {n} slots entries" for weight, n in _repeats(s.weight for s in self.slots)
        ]
        room = sum(slot.at_most for slot in self.slots)
        if room < self.criteria_count.at_least:
            faults.append(f"the slots hold {room} criteria, a plan needs {self.criteria_count.at_least}")
        if len(self.slots) > self.criteria_count.at_most:
            faults.append(
                f"{len(self.slots)} weights cannot each be used in {self.criteria_count.at_most} criteria"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self


def plan_faults(plan: Plan, rules: PlanRules, criteria: Iterable[str]) -> list[str]:
    """Return what a plan breaks of R2: unknown criteria, weights without a slot, slots over-used, weights unused, count."""
    known = set(criteria)
    faults = [f"criterion {name} is not in the scheme" for name in plan if name not in known]
    room = {slot.weight: slot.at_most for slot in rules.slots}
    used = Counter(plan.values())
    for weight, count in sorted(used.items(), reverse=True):
        if weight not in room:
            faults.append(f"weight {weight} is not one of {sorted(room, reverse=True)}")
        elif count > room[weight]:
            faults.append(f"weight {weight} is used {count} times, at most {room[weight]} allowed")
    faults += [f"weight {weight} is not used" for weight in sorted(room, reverse=True) if weight not in used]
    allowed = rules.criteria_count
    if not allowed.at_least <= len(plan) <= allowed.at_most:
        faults.append(
            f"a plan has {allowed.at_least} to {allowed.at_most} criteria, this one has {len(plan)}"
        )
    return faults


def _repeats(values: Iterable[int]) -> list[tuple[int, int]]:
    return [(value, n) for value, n in sorted(Counter(values).items()) if n > 1]
