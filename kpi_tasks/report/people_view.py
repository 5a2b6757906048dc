"""What evaluators and managers see of a month's members beside their results, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from kpi_tasks.report.data import one_line, shown
from kpi_tasks.report.deductions import Deduction, read_deductions
from kpi_tasks.report.view import GRADES, MemberLine, MonthView, TeamLine
from kpi_tasks.rulings import EVALUATOR_MARK

if TYPE_CHECKING:
    from kpi_tasks.results.model import StoredEvaluation
    from kpi_tasks.results.status_read import MemberStatus
    from kpi_tasks.rulings import Correction

NEAR_MICROS = 100_000
"""A member whose index lacks at most this much (0.1) is near the next grade."""


@dataclass(frozen=True)
class Evaluator:
    """Who evaluates a team; ``name`` is the id where the evaluator has no result of the month."""

    evaluator_id: str
    name: str


@dataclass(frozen=True)
class Compared:
    """The criteria in which a member is ahead of team and department, and those behind both; in the order of the plan."""

    strong: tuple[str, ...]
    weak: tuple[str, ...]


@dataclass(frozen=True)
class CorrectedLine:
    """One correction of the month's ledger; ``member_id`` is whose result it is about."""

    correction_id: str
    kind: str
    target: str
    value: str
    member_id: str
    scope: str
    appeal_id: str


@dataclass(frozen=True)
class ActionLine:
    """One personnel action that follows from the month; ``ends_on``: the first day after it, None: not a stretch of time."""

    member_id: str
    action: str
    starts_on: date
    ends_on: date | None
    reason: str

    @property
    def last_day(self) -> date | None:
        """The last day of the stretch of time; None where it is none."""
        return None if self.ends_on is None else self.ends_on - timedelta(days=1)


@dataclass(frozen=True)
class Near:
    """A member near the next grade: what the index lacks of the threshold that gives it."""

    member: MemberLine
    grade: str
    threshold_micros: int
    lacking_micros: int


@dataclass(frozen=True)
class PeopleView:
    """What stands beside the results of a month's members.

    ``evaluators``: team -> who evaluates it; teams without one are not in it. ``compared``: member -> strengths and
    weaknesses, None where they are not known. ``team_days``: team -> the roster days of everybody on its roster; empty where
    they are not known. ``deductions`` include voided ones and the marks of evaluators.
    """

    evaluators: Mapping[str, Evaluator]
    deductions: tuple[Deduction, ...]
    corrections: tuple[CorrectedLine, ...]
    actions: tuple[ActionLine, ...]
    compared: Mapping[str, Compared] | None
    team_days: Mapping[str, int]
    on_probation: frozenset[str]
    appealing: frozenset[str]
    corrected: frozenset[str]

    @property
    def marks(self) -> tuple[Deduction, ...]:
        """What evaluators lost for appeals that were upheld (R14); the record is the appeal."""
        return tuple(line for line in self.deductions if line.category == EVALUATOR_MARK)

    @cached_property
    def deductions_of(self) -> Mapping[str, tuple[Deduction, ...]]:
        """Member -> the deductions of the month, in the order of their records."""
        found: dict[str, tuple[Deduction, ...]] = {}
        for line in self.deductions:
            found[line.member_id] = (*found.get(line.member_id, ()), line)
        return found

    @cached_property
    def teams_of(self) -> Mapping[str, tuple[str, ...]]:
        """Evaluator -> the teams that he or she evaluates."""
        teams: dict[str, tuple[str, ...]] = {}
        for team_id, evaluator in self.evaluators.items():
            teams[evaluator.evaluator_id] = (*teams.get(evaluator.evaluator_id, ()), team_id)
        return teams


def read_people_view(
    stored: StoredEvaluation,
    view: MonthView,
    status: MemberStatus | None = None,
    actions: pd.DataFrame | None = None,
    strengths: pd.DataFrame | None = None,
    team_days: Mapping[str, int] | None = None,
) -> PeopleView:
    """Return what stands beside the results of a month's members.

    ``actions`` are those of the month, as ``read_actions`` gives them; ``strengths`` has a row a member and criterion, as
    ``rules.strengths`` gives it; ``team_days`` those of everybody on a team's roster. What is not given is not known, and not shown.
    """
    return PeopleView(
        evaluators=_evaluators(stored, view),
        deductions=read_deductions(stored.penalties),
        corrections=tuple(_correction(entry) for entry in stored.ledger.corrections),
        actions=_actions(actions),
        compared=None if strengths is None else _compared(strengths, view),
        team_days={shown(team_id): days for team_id, days in (team_days or {}).items()},
        on_probation=frozenset() if status is None else _on_probation(status, view),
        appealing=frozenset(map(shown, status.appealing)) if status else frozenset(),
        corrected=frozenset(map(shown, status.corrected)) if status else frozenset(),
    )


def near_next_grade(view: MonthView, team: TeamLine) -> tuple[Near, ...]:
    """Return a team's members whose index lacks little of the next better grade, the nearest first. R6."""
    found = []
    for member in view.members_of(team.team_id):
        step = next_index(view, team, member)
        if step is not None and step[0] - member.index_micros <= NEAR_MICROS:
            found.append(Near(member, step[1], step[0], step[0] - member.index_micros))
    return tuple(sorted(found, key=lambda near: (near.lacking_micros, near.member.member_id)))


def next_index(view: MonthView, team: TeamLine, member: MemberLine) -> tuple[int, str] | None:
    """Return the index (millionths) from which the member would have the next better grade, and that grade.

    None where there is none: the top grade, a member who was not graded, points set to 0, or a grade set by hand that
    the index does not improve.
    """
    band = view.scheme.member_bands.get(team.grade)
    if band is None or member.grade is None or member.is_zeroed:
        return None
    top, middle, _ = band
    steps = ((view.scheme.index_middle_micros, middle), (view.scheme.index_top_micros, top))
    for start, grade in steps:
        if member.index_micros < start and GRADES.index(grade) < GRADES.index(member.grade):
            return start, grade
    return None


def band_of(view: MonthView, team_grade: str) -> tuple[str, ...]:
    """Return the grades that members of a team with this grade may earn, the best first; none where the scheme has no band."""
    return tuple(grade for grade in GRADES if grade in view.scheme.member_bands.get(team_grade, ()))


def _evaluators(stored: StoredEvaluation, view: MonthView) -> dict[str, Evaluator]:
    names = {member.member_id: member.name for member in view.members}
    return {
        shown(team_id): Evaluator(shown(evaluator), names.get(shown(evaluator), shown(evaluator)))
        for team_id, evaluator in stored.evaluators.items()
    }


def _correction(entry: Correction) -> CorrectedLine:
    return CorrectedLine(
        shown(entry.correction_id), entry.kind, shown(entry.target), shown(entry.value or ""), shown(entry.member_id),
        entry.scope, shown(entry.appeal_id or ""),
    )  # fmt: skip


def _actions(actions: pd.DataFrame | None) -> tuple[ActionLine, ...]:
    if actions is None:
        return ()
    return tuple(
        ActionLine(
            shown(row["member_id"]), str(row["action"]), row["starts_on"], day_or_none(row["ends_on"]),
            one_line(row["reason"]),
        )
        for row in actions.to_dict("records")
    )  # fmt: skip


def day_or_none(value: Any) -> date | None:
    """Return a date as it was stored; whatever pandas means by null is ``None``."""
    return None if pd.isna(value) else value


def _on_probation(status: MemberStatus, view: MonthView) -> frozenset[str]:
    """Return the members on probation in the month itself; one that follows from it starts the month after."""
    is_running = status.probations["period"] != view.period.key
    return frozenset(map(shown, status.probations.loc[is_running, "member_id"]))


def _compared(strengths: pd.DataFrame, view: MonthView) -> dict[str, Compared]:
    order = {line.criterion_id: place for place, line in enumerate(view.plan)}
    found: dict[str, dict[str, list[str]]] = {}
    columns = (strengths[name] for name in ("member_id", "criterion_id", "verdict"))
    for member_id, criterion_id, verdict in zip(*columns, strict=True):
        found.setdefault(shown(member_id), {}).setdefault(str(verdict), []).append(str(criterion_id))
    return {
        member_id: Compared(
            *(
                tuple(sorted(verdicts.get(verdict, ()), key=lambda name: (order.get(name, len(order)), name)))
                for verdict in ("strength", "weakness")
            )
        )
        for member_id, verdicts in found.items()
    }
