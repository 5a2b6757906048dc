"""Results are told by the evaluator and acknowledged by the member; whom to talk to is a list. R11."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kpi_tasks.cycle.contested import check_time, member_in, need_text, published
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.month import Month, open_month
from kpi_tasks.period import Period
from kpi_tasks.results.connection import read_transaction, write_transaction
from kpi_tasks.results.locks import lock_month
from kpi_tasks.results.model import EvaluationRow
from kpi_tasks.results.people import MemberOfMonth, read_members, read_places
from kpi_tasks.results.read import current_row
from kpi_tasks.results.talks import Talk, add_talk, read_talks
from kpi_tasks.schemefile import load_department
from kpi_tasks.settings import Settings


@dataclass(frozen=True)
class TalkEntry:
    """One member of a month: the result to talk about, and what was said so far.

    ``places``: the team's place in each criterion. ``told`` is the last talk, ``acknowledged`` the member's word on it.
    ``is_changed``: a later revision has changed the member's result since it was told.
    """

    member: MemberOfMonth
    places: Mapping[str, int | None]
    told: Talk | None
    acknowledged: Talk | None
    is_changed: bool

    @property
    def is_to_tell(self) -> bool:
        """Whether the result as it stands still has to be told."""
        return self.told is None or self.is_changed


@dataclass(frozen=True)
class EvaluatorList:
    """Whom one evaluator talks to; ``evaluator_id`` None: members whose team has no evaluator but themselves."""

    evaluator_id: str | None
    evaluator_name: str | None
    entries: tuple[TalkEntry, ...]


def tell(month: Month, member_id: str, *, by: str, now: datetime, note: str | None = None) -> Talk:
    """Record that the member was told the month's current result.

    Raises ``UsageError`` for a month that is not published, a member who is not in it, and a member alone with the result.
    """
    need_text(by=by)
    if by.strip() == member_id:
        raise UsageError(
            Fault(
                "nobody tells a result to oneself",
                {"member": member_id, "by": by},
                "the evaluator, or whoever talked to the member",
                "name with --by who talked to the member",
            )
        )
    with write_transaction(month.results()) as connection:
        lock_month(connection, month.scheme_id, month.period.key)
        evaluation = published(connection, month)
        member_in(connection, evaluation, member_id)
        talks = read_talks(connection, month.scheme_id, month.period.key, member_id)
        check_time(now, [evaluation.created_at, *(talk.recorded_at for talk in talks)])
        return _add(connection, evaluation, evaluation.evaluation_id, (member_id, "told", by, note), now)


def acknowledge(month: Month, member_id: str, *, by: str, now: datetime, note: str | None = None) -> Talk:
    """Record that the member has heard the result; what is acknowledged is the last talk.

    Raises ``UsageError`` where the result was never told, or the last talk is acknowledged already.
    """
    need_text(by=by)
    with write_transaction(month.results()) as connection:
        lock_month(connection, month.scheme_id, month.period.key)
        evaluation = published(connection, month)
        talks = read_talks(connection, month.scheme_id, month.period.key, member_id)
        told, acknowledged = _last(talks)
        if told is None:
            member_in(connection, evaluation, member_id)
        if told is None or acknowledged is not None:
            raise UsageError(_nothing_to_acknowledge(month, member_id, acknowledged))
        check_time(now, [told.recorded_at])
        return _add(connection, evaluation, told.evaluation_id, (member_id, "acknowledged", by, note), now)


def talk_list(month: Month, evaluator_id: str | None = None) -> list[EvaluatorList]:
    """Return whom each evaluator talks to, or only the list of the one named; those without an evaluator come last.

    Raises ``UsageError`` for a month that is not published and for somebody who evaluates no team of it.
    """
    with read_transaction(month.results()) as connection:
        evaluation = published(connection, month)
        lists = _lists(_entries(connection, month, evaluation))
    if evaluator_id is None:
        return lists
    chosen = [one for one in lists if one.evaluator_id == evaluator_id]
    if not chosen:
        known = ", ".join(one.evaluator_id for one in lists if one.evaluator_id)
        raise UsageError(
            Fault(
                f"{evaluator_id} evaluates nobody in {month.period}",
                {"period": month.period.key, "evaluator": evaluator_id},
                f"one of: {known or 'nobody, no team has an evaluator'}",
                f"kpi talk list --period {month.period} shows all lists",
            )
        )
    return chosen


def not_told(month: Month) -> list[str]:
    """Return the members whose result, as it stands, was not told yet."""
    return sorted(
        entry.member.member_id for one in talk_list(month) for entry in one.entries if entry.is_to_tell
    )


def not_told_last_month(settings: Settings, scheme_id: str, now: datetime) -> tuple[str, list[str]]:
    """Return the month before the clock's, and its members who are not told yet; nobody where it is not published yet."""
    zone = ZoneInfo(load_department(settings.root, scheme_id).scheme.time_zone)
    today = now.astimezone(zone).date()
    month = open_month(Period(today.year, today.month).previous().key, scheme_id, now=now, settings=settings)
    with read_transaction(month.results()) as connection:
        if current_row(connection, scheme_id, month.period.key) is None:
            return month.period.key, []
    return month.period.key, not_told(month)


def _entries(connection: Connection, month: Month, evaluation: EvaluationRow) -> list[TalkEntry]:
    members = read_members(connection, evaluation.evaluation_id)
    places = read_places(connection, evaluation.evaluation_id)
    talks: dict[str, list[Talk]] = {}
    for talk in read_talks(connection, month.scheme_id, month.period.key):
        talks.setdefault(talk.member_id, []).append(talk)
    before = {evaluation.evaluation_id: members}  # the evaluations that were talked about, each read once
    entries = []
    for member in members.values():
        told, acknowledged = _last(talks.get(member.member_id, []))
        is_changed = False
        if told is not None:
            if told.evaluation_id not in before:
                before[told.evaluation_id] = read_members(connection, told.evaluation_id)
            was = before[told.evaluation_id].get(member.member_id)
            is_changed = was is None or was.result != member.result
        entries.append(TalkEntry(member, places.get(member.team_id, {}), told, acknowledged, is_changed))
    return entries


def _lists(entries: list[TalkEntry]) -> list[EvaluatorList]:
    grouped: dict[str | None, list[TalkEntry]] = {}
    for entry in entries:
        grouped.setdefault(entry.member.evaluator_id, []).append(entry)
    return [
        EvaluatorList(
            evaluator_id, grouped[evaluator_id][0].member.evaluator_name, tuple(grouped[evaluator_id])
        )
        for evaluator_id in sorted(grouped, key=lambda name: (name is None, name or ""))
    ]


def _last(talks: list[Talk]) -> tuple[Talk | None, Talk | None]:
    """Return the last talk of a member, and its acknowledgement where there is one."""
    told = [talk for talk in talks if talk.event == "told"]
    if not told:
        return None, None
    later = talks[talks.index(told[-1]) :]
    return told[-1], next((talk for talk in later if talk.event == "acknowledged"), None)


def _nothing_to_acknowledge(month: Month, member_id: str, acknowledged: Talk | None) -> Fault:
    where = {"period": month.period.key, "member": member_id}
    if acknowledged is None:
        what, action = (
            "the result was never told",
            f"kpi talk record -p {month.period} -m {member_id} --by WHO",
        )
        return Fault(what, where, "a talk on record that the member can acknowledge", action)
    return Fault(
        "the talk is acknowledged already",
        {**where, "at": acknowledged.recorded_at.isoformat()},
        "one acknowledgement a talk",
        "leave it; after the next talk the member acknowledges again",
    )


def _add(
    connection: Connection,
    evaluation: EvaluationRow,
    evaluation_id: str,
    what: tuple[str, str, str, str | None],
    now: datetime,
) -> Talk:
    member_id, event, by, note = what
    about = (evaluation.scheme_id, evaluation.period, evaluation_id)
    return add_talk(connection, about, member_id, event, by.strip(), now, (note or "").strip() or None)
