"""What a result slip says, as plain values: the same for every language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpi_tasks.explain.model import Explanation
    from kpi_tasks.report.view import MonthView
    from kpi_tasks.rules.next_grade import NextGrade


@dataclass(frozen=True)
class Evaluator:
    """Who evaluates the member's team and tells the result; ``name`` None: no member of this month."""

    member_id: str
    name: str | None


@dataclass(frozen=True)
class Rate:
    """A rate of the member, the team or the department; ``rate_micros`` None where there is nothing to divide by."""

    numerator_micros: int
    denominator_micros: int
    rate_micros: int | None


@dataclass(frozen=True)
class Strength:
    """How the member's rate in one planned criterion compares (R10); ``verdict`` as in ``rules.strengths``."""

    criterion_id: str
    verdict: str
    member: Rate
    team: Rate
    department: Rate


@dataclass(frozen=True)
class AppealRules:
    """How a result is contested: working days until the answer (R13), and whose result an upheld appeal corrects (R14)."""

    answer_days: int
    scope: str


@dataclass(frozen=True)
class Slip:
    """One member's month.

    ``strengths`` in the order of the plan. ``evaluator`` None: the team has nobody but the member. ``time_columns``: record
    type -> the column by whose time its records belong to the month.
    """

    view: MonthView
    explanation: Explanation
    strengths: tuple[Strength, ...]
    next_grade: NextGrade
    evaluator: Evaluator | None
    appeal: AppealRules
    time_columns: Mapping[str, str]
