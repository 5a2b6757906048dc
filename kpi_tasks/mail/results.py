"""Tells a published month: slips to members, lists to evaluators; only what changed since they were last told. R11."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from kpi_tasks.cycle.published import published_month
from kpi_tasks.cycle.talks import EvaluatorList, TalkEntry, talk_list
from kpi_tasks.exact import to_micros
from kpi_tasks.mail.addresses import Contact, contacts
from kpi_tasks.mail.message import Message, Send
from kpi_tasks.mail.page import Block, Page, Say, Table, bilingual
from kpi_tasks.mail.posting import post
from kpi_tasks.mail.slips import Answer, Slip, slip_page, slips_of
from kpi_tasks.month import Month
from kpi_tasks.period import Period
from kpi_tasks.report.wording import number
from kpi_tasks.results.messages import MessageRow, read_messages
from kpi_tasks.results.model import StoredEvaluation
from kpi_tasks.stages import digest
from kpi_tasks.workdays import due_on

SLIP, TALK_LIST, TALK_REMINDER = "result_slip", "talk_list", "talk_reminder"

_log = logging.getLogger("kpi")


def is_to_be_told(month: Month, now: datetime) -> bool:
    """Whether a month's results are mailed without being asked to.

    So for the month before the one in which it is now, and for a month whose slips were mailed before: then only those
    whose result has changed get another. Older months, computed again or for the first time, are left alone.
    """
    today = now.astimezone(ZoneInfo(month.department.scheme.time_zone))
    if month.period == Period(today.year, today.month).previous():
        return True
    return bool(read_messages(month.results(), month.scheme_id, month.period.key, SLIP))


def tell_results(month: Month, send: Send, now: datetime) -> int:
    """Mail the month's current revision: a slip to each member with an address, a list to each evaluator with one.

    Returns how many mails went out. Raises what ``post`` raises, ``UsageError`` where the month is not published.
    """
    stored = published_month(month)
    people = contacts(month.settings, stored.row)
    slips = slips_of(stored, {member_id: one.name for member_id, one in people.items()})
    messages = [
        *_slip_messages(month, slips, people, now),
        *_list_messages(month, stored, people),
    ]
    return post(month.results(), send, messages, now)


def remind_evaluators(month: Month, send: Send, now: datetime, members: Iterable[str]) -> int:
    """Remind evaluators of those of ``members`` who were not told their current result; once a week, month and evaluator."""
    named = set(members)
    stored = published_month(month)
    people = contacts(month.settings, stored.row)
    zone = ZoneInfo(month.department.scheme.time_zone)
    year, week, _ = now.astimezone(zone).isocalendar()
    messages = []
    for one, contact in _reachable(talk_list(month), people):
        waiting = [entry for entry in one.entries if entry.is_to_tell and entry.member.member_id in named]
        if waiting:
            key = _key(month, TALK_REMINDER, contact.member_id, f"{year}-W{week:02d}")
            page = _pages(TALK_REMINDER, month, stored, contact, waiting)
            messages.append(_message(month, TALK_REMINDER, key, contact, page))
    return post(month.results(), send, messages, now)


def _slip_messages(
    month: Month, slips: Mapping[str, Slip], people: Mapping[str, Contact], now: datetime
) -> list[Message]:
    before = _by_recipient(read_messages(month.results(), month.scheme_id, month.period.key, SLIP))
    answer = _answer(month, now)
    messages, unreachable = [], []
    for member_id, slip in sorted(slips.items()):
        contact = people.get(member_id)
        if contact is None or contact.address is None:
            unreachable.append(member_id)
            continue
        known = before.get(member_id, [])
        key = _revised_key(month, SLIP, member_id, slip.view.provenance.revision, slip.result_digest, known)
        replaces = any(row.state == "sent" and row.message_id != key for row in known)
        page = bilingual(partial(slip_page, slip, answer=answer, replaces=replaces))
        messages.append(_message(month, SLIP, key, contact, page))
    if unreachable:
        _log.info("no address, so no slip: %s", ", ".join(unreachable))
    return messages


def _answer(month: Month, now: datetime) -> Answer:
    scheme = month.department.scheme
    today = now.astimezone(ZoneInfo(scheme.time_zone)).date()
    days = scheme.appeals.answer_within.value
    due = due_on(today, days)
    return Answer(days, today, due.date, due.is_certain)


def _list_messages(month: Month, stored: StoredEvaluation, people: Mapping[str, Contact]) -> list[Message]:
    before = _by_recipient(read_messages(month.results(), month.scheme_id, month.period.key, TALK_LIST))
    messages = []
    for one, contact in _reachable(talk_list(month), people):
        waiting = [entry for entry in one.entries if entry.is_to_tell]
        if not waiting:
            continue
        # Of all whom the evaluator talks to, so that a talk that is put on record brings no shorter list.
        found = digest(
            [[entry.member.member_id, [str(value) for value in entry.member.result]] for entry in one.entries]
        )
        known = before.get(contact.member_id, [])
        key = _revised_key(month, TALK_LIST, contact.member_id, stored.row.revision, found[:16], known)
        messages.append(
            _message(month, TALK_LIST, key, contact, _pages(TALK_LIST, month, stored, contact, waiting))
        )
    return messages


def _reachable(
    lists: Iterable[EvaluatorList], people: Mapping[str, Contact]
) -> Iterable[tuple[EvaluatorList, Contact]]:
    for one in lists:
        contact = people.get(one.evaluator_id or "")
        if contact is not None and contact.address is not None:
            yield one, contact


def _pages(
    kind: str, month: Month, stored: StoredEvaluation, contact: Contact, waiting: list[TalkEntry]
) -> tuple[str, str, str]:
    def write(say: Say) -> Page:
        name, revision = say.month(month.period), stored.row.revision
        rows = tuple(_row(entry, say) for entry in waiting)
        blocks: list[Block] = [
            say.paragraph("dear", name=contact.name),
            say.paragraph(f"{kind}.intro", month=name, revision=revision),
            Table(say.headings("member", "team", "grade", "index", "note"), rows),
            say.paragraph("talk_list.record", period=month.period.key),
        ]
        return Page(say(f"{kind}.subject", month=name), blocks)

    return bilingual(write)


def _row(entry: TalkEntry, say: Say) -> tuple[str, ...]:
    member = entry.member
    return (
        f"{member.member_name} ({member.member_id})",
        member.team_name,
        member.grade or say("member.not_graded"),
        number(to_micros(member.contribution_index), 4),
        say("note.changed") if entry.is_changed else say("dash"),
    )


def _by_recipient(rows: Iterable[MessageRow]) -> dict[str, list[MessageRow]]:
    found: dict[str, list[MessageRow]] = {}
    for row in rows:
        found.setdefault(row.recipient, []).append(row)
    return found


def _key(month: Month, kind: str, recipient: str, *parts: str) -> str:
    return "/".join((kind, month.scheme_id, month.period.key, recipient, *parts))


def _revised_key(
    month: Month, kind: str, recipient: str, revision: int, found: str, known: Iterable[MessageRow]
) -> str:
    """Return the mail's id: that of the last one where its content is still the same, else one of this revision.

    The revision is part of it, so that a result that goes back to what it was is told again.
    """
    keys = {_revision_of(row.message_id): row.message_id for row in known}
    last = keys.get(max(keys, default=0))
    if last is not None and last.endswith(f"-{found}"):
        return last
    return _key(month, kind, recipient, f"r{revision}-{found}")


def _revision_of(message_id: str) -> int:
    return int(message_id.rpartition("/")[2].partition("-")[0].removeprefix("r"))


def _message(month: Month, kind: str, key: str, contact: Contact, page: tuple[str, str, str]) -> Message:
    return Message(
        key, month.scheme_id, month.period.key, kind, contact.member_id, contact.address or "", *page
    )
