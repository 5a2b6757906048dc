"""Appeals as people and programs read them: the queue, one appeal with its trail, what a decision came to."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from kpi_tasks.cli.behind import table_of
from kpi_tasks.cli.league import amount, named
from kpi_tasks.cli.state import answers
from kpi_tasks.explain.model import json_number
from kpi_tasks.workdays import is_workday

if TYPE_CHECKING:
    from kpi_tasks.cycle.appeal_decision import Decision
    from kpi_tasks.cycle.appeals import Appeal
    from kpi_tasks.rulings import Correction


def appeal_dict(appeal: Appeal) -> dict[str, Any]:
    """Return an appeal as plain values: its columns, how it stands, its trail, its corrections, the mark."""
    mark = appeal.mark
    return {
        **{name: _plain(value) for name, value in vars(appeal.row).items()},
        "member_name": appeal.member.member_name,
        "team_id": appeal.member.team_id,
        "evaluator_id": appeal.member.evaluator_id,
        "contested_grade": appeal.member.grade,
        "days_left": appeal.days_left,
        "is_overdue": appeal.is_overdue,
        "is_due_certain": appeal.due.is_certain,
        "events": [_plain_dict(event) for event in appeal.events],
        "corrections": [_plain_dict(correction) for correction in appeal.corrections],
        "evaluator_mark": None
        if mark is None
        else {
            "evaluator_id": mark.evaluator_id,
            "period": mark.period,
            "points": json_number(mark.points_micros),
        },
    }


def decision_dict(decision: Decision) -> dict[str, Any]:
    """Return what deciding did as plain values."""
    published = decision.published
    return {
        "appeal": appeal_dict(decision.appeal),
        "evaluation_id": published.evaluation_id if published else None,
        "revision": published.revision if published else None,
        "no_mark_reason": decision.no_mark_reason,
    }


def came_of_it(decision: Decision) -> list[str]:
    """Return what a decision led to, a line each."""
    lines = [f"correction {_correction_text(entry)}" for entry in decision.appeal.corrections]
    if decision.published:
        row = decision.appeal.row
        lines.append(f"{row.period} published as revision {decision.published.revision}")
    mark = decision.appeal.mark
    if mark:
        lines.append(
            f"evaluator {mark.evaluator_id} loses {amount(mark.points_micros)} work points in {mark.period}"
        )
    elif decision.no_mark_reason:
        lines.append(decision.no_mark_reason)
    return lines


def _correction_text(entry: Correction) -> str:
    to = f" → {entry.value}" if entry.value else ""
    return f"{entry.correction_id}: {entry.kind} {entry.target}{to} (scope {entry.scope})"


def queue(found: list[Appeal]) -> Table:
    """Return one line an appeal."""
    table = table_of("appeal", "month", "member", "stage", "status", "due", "")
    for appeal in found:
        row = appeal.row
        style = "bold red" if appeal.is_overdue else "" if appeal.is_open else "dim"
        table.add_row(
            row.appeal_id,
            row.period,
            named(appeal.member.member_name, row.member_id),
            row.stage,
            row.status,
            str(row.due_on),
            _left(appeal),
            style=style,
        )
    return table


def _left(appeal: Appeal) -> str:
    if appeal.days_left is None:
        return ""
    if appeal.is_overdue:
        return "overdue"
    if not is_workday(appeal.row.due_on)[0]:
        return ""
    return "today" if appeal.days_left == 0 else f"{appeal.days_left} working days left"


def print_whole(appeal: Appeal, zone: ZoneInfo) -> None:
    """Print one appeal with everything about it; times in the zone of its scheme."""
    row, member, console = appeal.row, appeal.member, answers()
    console.print(Text(f"{row.appeal_id}: {row.status} at {row.stage}", style="bold"))
    grade = f"grade {member.grade}" if member.grade else "not graded"
    who = named(member.member_name, member.member_id)
    console.print(
        f"{who}, {member.team_name}, {row.period}: contests {grade} of {row.evaluation_id}", soft_wrap=True
    )
    evaluator = (
        named(member.evaluator_name or member.evaluator_id, member.evaluator_id)
        if member.evaluator_id
        else "none"
    )
    console.print(
        f"evaluator {evaluator}; due on {row.due_on} {'(overdue)' if appeal.is_overdue else ''}".rstrip()
    )
    console.print(f"grounds: {row.grounds}", soft_wrap=True)
    if row.no_talk_reason:
        console.print(f"no talk: {row.no_talk_reason}", soft_wrap=True)
    if row.answer:
        console.print(f"answer: {row.answer}", soft_wrap=True)
    table = table_of("when", "what", "stage", "who", "why")
    for event in appeal.events:
        when = event.recorded_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        table.add_row(when, event.event, event.stage, event.recorded_by, event.note or "")
    console.print(table)
    for entry in appeal.corrections:
        console.print(f"correction {_correction_text(entry)}", soft_wrap=True)
    if appeal.mark:
        mark = appeal.mark
        console.print(
            f"evaluator {mark.evaluator_id} loses {amount(mark.points_micros)} work points in {mark.period}"
        )


def _plain_dict(entry: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in vars(entry).items()}


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: times in UTC, days as YYYY-MM-DD."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)
