"""The queue of appeals as people see it: who contests what, by when it is due, every step so far, what came of it. R12-R14."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.month import Month, open_month
from kpi_tasks.results import store
from kpi_tasks.results.appeals import (
    AppealEvent,
    AppealRow,
    Mark,
    read_appeals,
    read_corrections,
    read_events,
    read_marks,
)
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.results.people import MemberOfMonth, read_members
from kpi_tasks.rules.appeals import DECIDING_STAGES, OPEN, AppealState
from kpi_tasks.rulings import Correction
from kpi_tasks.schemefile import load_department
from kpi_tasks.settings import Settings
from kpi_tasks.workdays import Due, is_workday, workdays_left


@dataclass(frozen=True)
class Appeal:
    """One appeal with everything about it.

    ``member``: the appellant's result that is contested. ``days_left``: working days until it is due, 0 on the day itself,
    below 0 when it is overdue; None for a closed one. ``mark``: what it cost the evaluator.
    """

    row: AppealRow
    member: MemberOfMonth
    due: Due
    days_left: int | None
    is_overdue: bool
    events: tuple[AppealEvent, ...]
    corrections: tuple[Correction, ...]
    mark: Mark | None

    @property
    def state(self) -> AppealState:
        """Where the appeal stands."""
        return AppealState(self.row.stage, self.row.status)

    @property
    def is_open(self) -> bool:
        """Whether nothing was decided yet."""
        return self.row.status == OPEN

    @property
    def is_to_answer(self) -> bool:
        """Whether HR or the skip level has to answer: open, and not being talked over any more."""
        return self.is_open and self.row.stage in DECIDING_STAGES

    @property
    def is_reminded(self) -> bool:
        """Whether today is the day, or the working day before it."""
        return self.is_open and not self.is_overdue and self.days_left in (0, 1)


def list_appeals(
    settings: Settings,
    engine: Engine,
    now: datetime,
    *,
    scheme_id: str | None = None,
    period: str | None = None,
    is_open_only: bool = False,
) -> list[Appeal]:
    """Return appeals, of all schemes where none is named: open ones first, by due date, then the closed, the last first."""
    with read_transaction(engine) as connection:
        rows = read_appeals(connection, scheme_id, period)
        if is_open_only:
            rows = [row for row in rows if row.status == OPEN]
        found = look_at(connection, rows, _Days(settings, now))
    still_open = sorted(
        (one for one in found if one.is_open), key=lambda one: (one.due.date, one.row.appeal_id)
    )
    closed = [one for one in reversed(found) if not one.is_open]
    return [*still_open, *closed]


def show_appeal(settings: Settings, engine: Engine, appeal_id: str, now: datetime) -> Appeal:
    """Return one appeal; ``UsageError`` where there is none of this id."""
    with read_transaction(engine) as connection:
        rows = [row for row in read_appeals(connection) if row.appeal_id == appeal_id]
        if not rows:
            raise UsageError(unknown_appeal(connection, appeal_id))
        return look_at(connection, rows, _Days(settings, now))[0]


def unknown_appeal(connection: Connection, appeal_id: str) -> Fault:
    """Return the fault of an appeal that does not exist; the open ones are named."""
    known = [row.appeal_id for row in read_appeals(connection) if row.status == OPEN]
    return Fault(
        f"there is no appeal {appeal_id}",
        {"appeal": appeal_id},
        f"the id of an appeal; open are: {', '.join(known) or 'none'}",
        "kpi appeal list shows them all",
    )


def month_of(settings: Settings, appeal_id: str, now: datetime) -> Month:
    """Return the month that an appeal contests; ``UsageError`` where there is no such appeal."""
    with read_transaction(store.open_results(settings.results_url)) as connection:
        rows = [row for row in read_appeals(connection) if row.appeal_id == appeal_id]
        if not rows:
            raise UsageError(unknown_appeal(connection, appeal_id))
    return open_month(rows[0].period, rows[0].scheme_id, now=now, settings=settings)


def local_day(month: Month, now: datetime) -> date:
    """Return the day it is in the scheme's time zone."""
    return now.astimezone(ZoneInfo(month.department.scheme.time_zone)).date()


class _Days:
    """What day it is, by each scheme's own midnight."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._settings, self._now = settings, now
        self._known: dict[str, date] = {}

    def today(self, scheme_id: str) -> date:
        if scheme_id not in self._known:
            scheme = load_department(self._settings.root, scheme_id).scheme
            self._known[scheme_id] = self._now.astimezone(ZoneInfo(scheme.time_zone)).date()
        return self._known[scheme_id]


def look_at(connection: Connection, rows: Sequence[AppealRow], days: _Days) -> list[Appeal]:
    """Return appeals with their trails, results and corrections, in the order given."""
    ids = [row.appeal_id for row in rows]
    events, corrections = read_events(connection, ids), read_corrections(connection, ids)
    marks, members = read_marks(connection, ids), _contested(connection, rows)
    return [
        Appeal(
            row=row,
            member=members[row.appeal_id],
            due=Due(row.due_on, is_workday(row.due_on)[1]),
            days_left=workdays_left(days.today(row.scheme_id), row.due_on) if row.status == OPEN else None,
            is_overdue=row.status == OPEN and days.today(row.scheme_id) > row.due_on,
            events=events[row.appeal_id],
            corrections=corrections[row.appeal_id],
            mark=marks.get(row.appeal_id),
        )
        for row in rows
    ]


def _contested(connection: Connection, rows: Iterable[AppealRow]) -> dict[str, MemberOfMonth]:
    """Return the result that each appeal contests."""
    return {
        row.appeal_id: read_members(connection, row.evaluation_id, row.member_id)[row.member_id]
        for row in rows
    }
