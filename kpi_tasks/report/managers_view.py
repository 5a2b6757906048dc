"""What managers see of a scheme over all its months, as plain values: grades, personnel actions, appeals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from kpi_tasks.period import Period
from kpi_tasks.report.data import display_name, one_line, shown
from kpi_tasks.report.people_view import day_or_none
from kpi_tasks.report.view import GRADES

if TYPE_CHECKING:
    from kpi_tasks.report.trend_view import TrendView
    from kpi_tasks.results.appeals import AppealRow
    from kpi_tasks.results.people_read import NamedMember, SchemePeople

Phase = Literal["to_start", "running", "verdict_due"]
"""Where a probation without a verdict stands: not begun, running, or over and waiting for HR's word."""

_PROBATION = "probation_started"
_VERDICTS = ("probation_passed", "probation_failed")
_ORDER = (*GRADES, None)


@dataclass(frozen=True)
class Person:
    """A member and the home team, by the names of the month in question, or of the last one with a result."""

    member_id: str
    name: str
    team_name: str


@dataclass(frozen=True)
class PersonnelLine:
    """One personnel action; ``ends_on``: the first day after it, None: not a stretch of time.

    ``phase`` is that of a probation without a verdict, None for everything else. ``is_supported`` false: a verdict on a
    probation that the months do not lead to any more.
    """

    person: Person
    period: Period
    action: str
    starts_on: date
    ends_on: date | None
    reason: str
    phase: Phase | None
    is_supported: bool

    @property
    def last_day(self) -> date | None:
        """The last day of the stretch of time; None where it is none."""
        return None if self.ends_on is None else self.ends_on - timedelta(days=1)


@dataclass(frozen=True)
class AppealLine:
    """One open appeal; ``days_over`` says by how many days it is overdue, 0: it is not."""

    appeal_id: str
    person: Person
    period: Period
    stage: str
    filed_at: datetime
    due_on: date
    days_over: int


@dataclass(frozen=True)
class ManagersMonth:
    """One published month in counts. ``grades``: (grade, members), from A to E, then None for those not graded; without zeros.

    ``appeals``: status -> appeals against the month.
    """

    period: Period
    revision: int
    created_at: datetime
    team_count: int
    member_count: int
    grades: tuple[tuple[str | None, int], ...]
    appeals: Mapping[str, int]
    correction_count: int
    warning_count: int


@dataclass(frozen=True)
class ManagersView:
    """All months, the newest first; actions in force by their first day, past ones and warnings the newest first."""

    as_of: date
    months: tuple[ManagersMonth, ...]
    in_force: tuple[PersonnelLine, ...]
    past: tuple[PersonnelLine, ...]
    appeals: tuple[AppealLine, ...]


def read_managers_view(trend: TrendView, people: SchemePeople, as_of: date) -> ManagersView:
    """Return what the managers' index shows on the day ``as_of``."""
    actions = _actions(people, as_of)
    waiting = sorted((line for line in actions if line.phase), key=lambda line: (line.starts_on, _who(line)))
    past = sorted((line for line in actions if not line.phase), key=_who)
    open_appeals = [row for row in people.appeals if row.status == "open"]
    return ManagersView(
        as_of=as_of,
        months=_months(trend, people),
        in_force=tuple(waiting),
        past=tuple(sorted(past, key=lambda line: line.starts_on, reverse=True)),
        appeals=tuple(
            _appeal(row, people, as_of)
            for row in sorted(open_appeals, key=lambda row: (row.due_on, row.appeal_id))
        ),
    )


def _who(line: PersonnelLine) -> tuple[str, str]:
    return line.person.member_id, line.action


def _months(trend: TrendView, people: SchemePeople) -> tuple[ManagersMonth, ...]:
    warnings = people.actions.loc[people.actions["action"] == "serious_warning", "period"].value_counts()
    appeals: dict[str, dict[str, int]] = {}
    for row in people.appeals:
        counts = appeals.setdefault(row.period, {})
        counts[row.status] = counts.get(row.status, 0) + 1
    lines = []
    for month in reversed(trend.months):
        key = month.period.key
        grades = people.grades.get(key, {})
        counted = tuple((grade, grades[grade]) for grade in _ORDER if grades.get(grade))
        lines.append(
            ManagersMonth(
                period=month.period,
                revision=month.revision,
                created_at=month.created_at,
                team_count=len(month.teams),
                member_count=sum(count for _, count in counted),
                grades=counted,
                appeals=appeals.get(key, {}),
                correction_count=people.corrections.get(key, 0),
                warning_count=int(warnings.get(key, 0)),
            )
        )
    return tuple(lines)


def _actions(people: SchemePeople, as_of: date) -> list[PersonnelLine]:
    rows = people.actions.to_dict("records")
    decided = {
        (row["member_id"], row["starts_on"])
        for row in rows
        if row["action"] in _VERDICTS and row["is_supported"]
    }  # a verdict starts on the day on which its probation ends
    return [
        PersonnelLine(
            person=_person(people, row["member_id"], row["period"]),
            period=Period.parse(row["period"]),
            action=str(row["action"]),
            starts_on=row["starts_on"],
            ends_on=(ends_on := day_or_none(row["ends_on"])),
            reason=one_line(row["reason"]),
            phase=_phase(row["starts_on"], ends_on, as_of)
            if row["action"] == _PROBATION and ends_on and (row["member_id"], ends_on) not in decided
            else None,
            is_supported=bool(row["is_supported"]),
        )
        for row in rows
    ]


def _phase(starts_on: date, ends_on: date, as_of: date) -> Phase:
    if as_of < starts_on:
        return "to_start"
    return "running" if as_of < ends_on else "verdict_due"


def _appeal(row: AppealRow, people: SchemePeople, as_of: date) -> AppealLine:
    return AppealLine(
        shown(row.appeal_id), _person(people, row.member_id, row.period), Period.parse(row.period), row.stage,
        row.filed_at, row.due_on, max(0, (as_of - row.due_on).days),
    )  # fmt: skip


def _person(people: SchemePeople, member_id: str, period: str) -> Person:
    """Return who a member was in a month; the month may have been published without the member, or not at all."""
    months = people.members.get(member_id, {})
    known: NamedMember | None = months.get(period) or (months[max(months)] if months else None)
    if known is None:
        return Person(shown(member_id), shown(member_id), "")
    return Person(
        shown(member_id),
        display_name(known.member_name, member_id),
        display_name(known.team_name, known.team_id),
    )
