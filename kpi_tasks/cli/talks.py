"""`kpi talk`: results told and acknowledged, and the lists of whom to talk to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.text import Text

from kpi_tasks.cli.behind import table_of
from kpi_tasks.cli.league import named
from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.cycle import talks
from kpi_tasks.month import open_month
from kpi_tasks.settings import current_time

if TYPE_CHECKING:
    from kpi_tasks.cycle.talks import EvaluatorList, TalkEntry
    from kpi_tasks.results.talks import Talk


def record(
    period: str, scheme_id: str | None, member_id: str, by: str, note: str | None, *, as_json: bool
) -> None:
    """Record that a member was told the result."""
    now = current_time()
    month = open_month(period, scheme_id, now=now)
    _answer(talks.tell(month, member_id, by=by, now=now, note=note), as_json=as_json)


def acknowledge(
    period: str, scheme_id: str | None, member_id: str, by: str, note: str | None, *, as_json: bool
) -> None:
    """Record that a member has heard the result."""
    now = current_time()
    month = open_month(period, scheme_id, now=now)
    _answer(talks.acknowledge(month, member_id, by=by, now=now, note=note), as_json=as_json)


def list_all(period: str, scheme_id: str | None, evaluator_id: str | None, *, as_json: bool) -> None:
    """List whom each evaluator talks to."""
    month = open_month(period, scheme_id, now=current_time())
    lists = talks.talk_list(month, evaluator_id)
    if as_json:
        print_json({"period": month.period.key, "evaluators": [_list_dict(one) for one in lists]})
        return
    zone = ZoneInfo(month.department.scheme.time_zone)
    for one in lists:
        _print_list(one, zone)


def _answer(talk: Talk, *, as_json: bool) -> None:
    if as_json:
        print_json(_talk_dict(talk))
    else:
        answers().print(
            f"{talk.talk_id}: {talk.member_id} {talk.event}, about {talk.evaluation_id}", soft_wrap=True
        )


def _print_list(one: EvaluatorList, zone: ZoneInfo) -> None:
    who = (
        named(one.evaluator_name or one.evaluator_id, one.evaluator_id)
        if one.evaluator_id
        else "no evaluator"
    )
    to_tell = sum(entry.is_to_tell for entry in one.entries)
    console = answers()
    console.print(Text(f"{who}: {to_tell} of {len(one.entries)} to tell", style="bold"))
    table = table_of("member", "grade", "index", "team", "place", "told", "acknowledged", "note")
    for entry in one.entries:
        member = entry.member
        table.add_row(
            named(member.member_name, member.member_id),
            member.grade or "–",
            f"{member.contribution_index:.2f}",
            f"{member.team_name} {member.team_grade}",
            str(member.team_place),
            _told_text(entry, zone),
            _day(entry.acknowledged, zone) if entry.acknowledged else "",
            (entry.told.note or "") if entry.told else "",
        )
    console.print(table)
    console.print()


def _day(talk: Talk, zone: ZoneInfo) -> str:
    return talk.recorded_at.astimezone(zone).date().isoformat()


def _told_text(entry: TalkEntry, zone: ZoneInfo) -> str:
    if entry.told is None:
        return "no"
    told = f"{_day(entry.told, zone)} by {entry.told.recorded_by}"
    return f"{told}; changed since" if entry.is_changed else told


def _list_dict(one: EvaluatorList) -> dict[str, Any]:
    return {
        "evaluator_id": one.evaluator_id,
        "evaluator_name": one.evaluator_name,
        "members": [_entry_dict(entry) for entry in one.entries],
    }


def _entry_dict(entry: TalkEntry) -> dict[str, Any]:
    member = entry.member
    return {
        "member_id": member.member_id,
        "member_name": member.member_name,
        "grade": member.grade,
        "contribution_index": float(member.contribution_index),
        "team_id": member.team_id,
        "team_name": member.team_name,
        "team_place": member.team_place,
        "team_grade": member.team_grade,
        "places": dict(entry.places),
        "is_to_tell": entry.is_to_tell,
        "is_changed": entry.is_changed,
        "told": _talk_dict(entry.told) if entry.told else None,
        "acknowledged": _talk_dict(entry.acknowledged) if entry.acknowledged else None,
    }


def _talk_dict(talk: Talk) -> dict[str, Any]:
    return {**vars(talk), "recorded_at": talk.recorded_at.isoformat()}
