"""Mails about what has to be done or was decided: plans, appeals, a missed deadline. R1, R4, R12-R14."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.mail.addresses import Contact, Office, contacts
from kpi_tasks.mail.message import Message
from kpi_tasks.mail.page import Block, Facts, Page, Say, Table, bilingual, quote
from kpi_tasks.period import Period
from kpi_tasks.report.wording import number
from kpi_tasks.results.appeals import AppealRow, Mark, read_marks
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.results.people import MemberOfMonth, read_members
from kpi_tasks.results.store import read_evaluation
from kpi_tasks.schemefile import Department, load_department
from kpi_tasks.settings import Settings

PLAN_KINDS = ("plan_missing", "plan_carried_forward")
APPEAL_KINDS = ("appeal_filed", "appeal_due", "appeal_overdue")
DECIDED, DEADLINE_MISSED = "appeal_decided", "deadline_missed"


def to_roles(
    office: Office,
    roles: Iterable[str],
    about: tuple[str, str, str | None, str],
    write: Callable[[Say], Page],
) -> list[Message]:
    """Return one mail to each address of the roles; ``about`` is kind, scheme, month and what the id says besides."""
    kind, scheme_id, period, subject = about
    page = bilingual(write)
    return [
        Message(
            "/".join((kind, scheme_id, subject, role, address)),
            scheme_id,
            period,
            kind,
            f"{role} <{address}>",
            address,
            *page,
        )
        for role in roles
        for address in office.of_role(role)
    ]


def plan_messages(
    settings: Settings, office: Office, kind: str, scheme_id: str, period: str, weights: Mapping[str, int]
) -> list[Message]:
    """Return the mails to the department about a plan that was not fixed; ``kind`` is one of ``PLAN_KINDS``."""
    scheme = load_department(settings.root, scheme_id).scheme
    day = scheme.calendar.plan_fixed_by.value

    def write(say: Say) -> Page:
        month = say.month(Period.parse(period))
        rows = tuple(
            (
                say.name(scheme.criteria[name].name.model_dump()) if name in scheme.criteria else name,
                str(weight),
            )
            for name, weight in sorted(weights.items(), key=lambda item: (-item[1], item[0]))
        )
        blocks: list[Block] = [
            say.paragraph(f"{kind}.intro", month=month, day=day),
            *([say.paragraph("plan_missing.then")] if kind == "plan_missing" else []),
            Table(say.headings("criterion", "weight"), rows),
            say.paragraph(f"{kind}.do", period=period),
        ]
        return Page(say(f"{kind}.subject", month=month), blocks)

    return to_roles(office, ["department"], (kind, scheme_id, period, period), write)


def appeal_messages(
    settings: Settings, engine: Engine, office: Office, kind: str, appeal: AppealRow
) -> list[Message]:
    """Return the mails to HR about an open appeal; ``kind`` is one of ``APPEAL_KINDS``."""
    zone = load_department(settings.root, appeal.scheme_id).scheme.time_zone
    member = _member(engine, appeal)
    due = appeal.due_on.isoformat()

    def write(say: Say) -> Page:
        pairs = {
            "appeal": appeal.appeal_id,
            "member": f"{member.member_name} ({member.member_id})",
            "team": member.team_name,
            "month": say.month(Period.parse(appeal.period)),
            "grade": member.grade or say("member.not_graded"),
            "stage": say(f"stage.{appeal.stage}"),
            "filed": say.moment(appeal.filed_at, zone),
            "due": due,
        }
        blocks: list[Block] = [
            say.paragraph(f"{kind}.intro", due=due),
            Facts(tuple((say(f"col.{name}"), value) for name, value in pairs.items())),
            say.heading("appeal.grounds"),
            quote(appeal.grounds),
            say.paragraph("appeal.do", appeal=appeal.appeal_id),
        ]
        return Page(say(f"{kind}.subject", appeal=appeal.appeal_id, due=due), blocks)

    subject = f"{appeal.appeal_id}/{appeal.stage}/{due}"
    return to_roles(office, ["hr"], (kind, appeal.scheme_id, appeal.period, subject), write)


def decision_messages(settings: Settings, engine: Engine, appeal: AppealRow) -> list[Message]:
    """Return the mails about a decided appeal: to the appellant, and to the evaluator whose result was contested."""
    if appeal.status not in ("upheld", "rejected") or appeal.decided_at is None:
        where = {"appeal": appeal.appeal_id, "status": appeal.status}
        raise UsageError(Fault("the appeal is not decided", where, "an appeal that was upheld or rejected"))
    stored = read_evaluation(engine, appeal.evaluation_id)
    if stored is None:
        raise UsageError(Fault("there is no such evaluation", {"evaluation": appeal.evaluation_id}))
    department = load_department(settings.root, appeal.scheme_id)
    member = _member(engine, appeal)
    with read_transaction(engine) as connection:
        mark = read_marks(connection, [appeal.appeal_id]).get(appeal.appeal_id)
    people = contacts(settings, stored.row)
    wanted = {"member": member.member_id, "evaluator": mark.evaluator_id if mark else member.evaluator_id}
    messages = []
    for role, member_id in wanted.items():
        contact = people.get(member_id or "")
        if contact is not None and contact.address is not None:
            messages.append(_decision(department, appeal, member, contact, role, mark))
    return messages


def _decision(
    department: Department,
    appeal: AppealRow,
    member: MemberOfMonth,
    contact: Contact,
    role: str,
    mark: Mark | None,
) -> Message:
    def write(say: Say) -> Page:
        month = say.month(Period.parse(appeal.period))
        decided = say.moment(appeal.decided_at or appeal.filed_at, department.scheme.time_zone)
        key = f"{DECIDED}.{role}_{appeal.status}"
        blocks: list[Block] = [
            say.paragraph("dear", name=contact.name),
            say.paragraph(key, month=month, member=f"{member.member_name} ({member.member_id})"),
            say.heading("appeal.answer"),
            quote(appeal.answer),
            say.paragraph(f"{DECIDED}.by", by=appeal.decided_by or "", moment=decided),
        ]
        if mark is not None and role == "evaluator":
            marked = say.month(Period.parse(mark.period))
            blocks.append(say.paragraph(f"{DECIDED}.mark", month=marked, points=number(mark.points_micros)))
        return Page(say(f"{DECIDED}.subject", appeal=appeal.appeal_id), blocks)

    key = "/".join((DECIDED, appeal.scheme_id, appeal.appeal_id, role, contact.member_id))
    page = bilingual(write)
    address = contact.address or ""
    return Message(key, appeal.scheme_id, appeal.period, DECIDED, contact.member_id, address, *page)


def deadline_messages(
    office: Office, scheme_id: str, period: str, due: datetime, time_zone: str, run: tuple[str, str]
) -> list[Message]:
    """Return the mails to engineers and HR about a month that was not published by ``due``; ``run``: id and state."""
    run_id, state = run

    def write(say: Say) -> Page:
        month = say.month(Period.parse(period))
        blocks: list[Block] = [
            say.paragraph(
                f"{DEADLINE_MISSED}.intro", month=month, due=say.moment(due, ZoneInfo(time_zone).key)
            ),
            say.paragraph(f"{DEADLINE_MISSED}.run", run=run_id, state=state),
        ]
        return Page(say(f"{DEADLINE_MISSED}.subject", month=month), blocks)

    return to_roles(office, ["engineers", "hr"], (DEADLINE_MISSED, scheme_id, period, period), write)


def _member(engine: Engine, appeal: AppealRow) -> MemberOfMonth:
    with read_transaction(engine) as connection:
        found = read_members(connection, appeal.evaluation_id, appeal.member_id)
    if appeal.member_id not in found:
        where = {"appeal": appeal.appeal_id, "member": appeal.member_id}
        raise UsageError(
            Fault("the appellant has no result in the evaluation", where, "a member of the month")
        )
    return found[appeal.member_id]
