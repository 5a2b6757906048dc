"""What talks and appeals are about: a published month and a member's result in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import Connection

from kpi_tasks.cycle.published import not_published
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.month import Month
from kpi_tasks.results.model import EvaluationRow
from kpi_tasks.results.people import MemberOfMonth, read_members
from kpi_tasks.results.read import current_row

_NEAR = 5


def published(connection: Connection, month: Month) -> EvaluationRow:
    """Return the month's current evaluation; ``UsageError`` where it is not published."""
    row = current_row(connection, month.scheme_id, month.period.key)
    if row is None:
        raise not_published(month)
    return row


def member_in(connection: Connection, evaluation: EvaluationRow, member_id: str) -> MemberOfMonth:
    """Return a member's result in an evaluation; ``UsageError`` for one who has none (near matches are named)."""
    members = read_members(connection, evaluation.evaluation_id)
    if member_id in members:
        return members[member_id]
    near = get_close_matches(member_id, list(members), _NEAR)
    listed = ", ".join(f"{name} {members[name].member_name}" for name in near)
    raise UsageError(
        Fault(
            f"{member_id} has no result in {evaluation.period}",
            {"evaluation": evaluation.evaluation_id, "member": member_id},
            f"the id of a member on a roster in that month{', such as ' + listed if listed else ''}",
            f"kpi show --period {evaluation.period} lists them all",
        )
    )


def need_text(**texts: str) -> None:
    """Raise ``UsageError`` with a fault for each text that is blank."""
    faults = [
        Fault(
            f"{name.replace('_', ' ')} is missing",
            {name: text},
            "a few words",
            f"say it with --{name.replace('_', '-')}",
        )
        for name, text in texts.items()
        if not text.strip()
    ]
    if faults:
        raise UsageError(faults)


def check_time(now: datetime, recorded: Iterable[datetime]) -> None:
    """Raise ``UsageError`` where something would stand in a trail before what it follows."""
    last = max(recorded)
    if now < last:
        raise UsageError(
            Fault(
                "the clock is behind what is recorded already",
                {"now": now.isoformat(), "recorded at": last.isoformat()},
                "a time that is not before what it is about",
                "set the clock right (KPI_NOW, where it is set)",
            )
        )
