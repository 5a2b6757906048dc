"""Appeals are filed, taken to HR or over the evaluator's head, and withdrawn. R12, R13."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from kpi_tasks.cycle.appeals import Appeal, local_day, month_of, show_appeal, unknown_appeal
from kpi_tasks.cycle.contested import check_time, member_in, need_text, published
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.month import Month
from kpi_tasks.results.appeals import (
    AppealRow,
    Filing,
    Move,
    add_appeal,
    lock_appeal,
    move_appeal,
    read_appeals,
    read_events,
)
from kpi_tasks.results.connection import write_transaction
from kpi_tasks.results.locks import lock_month
from kpi_tasks.results.people import MemberOfMonth, read_members
from kpi_tasks.results.talks import read_talks
from kpi_tasks.rules.appeals import (
    COMMUNICATION,
    DECIDING_STAGES,
    OPEN,
    STAGES,
    VERDICTS,
    AppealState,
    Step,
    take,
)
from kpi_tasks.settings import Settings
from kpi_tasks.workdays import Due, due_on


def file(
    month: Month,
    member_id: str,
    grounds: str,
    *,
    stage: str = COMMUNICATION,
    by: str,
    now: datetime,
    no_talk_reason: str | None = None,
) -> Appeal:
    """File an appeal of a member against the month's current result; return it with the day it is due.

    Raises ``UsageError``, and writes nothing, for a month not published or a member not in it, blank grounds, an appeal
    to HR or the skip level that was not talked about first (nor a reason given), and the same thing contested twice.
    """
    need_text(grounds=grounds, by=by)
    _check_stage(stage, STAGES)
    reason = (no_talk_reason or "").strip() or None
    with write_transaction(month.results()) as connection:
        lock_month(connection, month.scheme_id, month.period.key)
        evaluation = published(connection, month)
        member = member_in(connection, evaluation, member_id)
        check_time(now, [evaluation.created_at])
        faults = [
            *_talk_faults(connection, month, member_id, stage, reason),
            *_twice(connection, month, member, stage),
        ]
        if faults:
            raise UsageError(faults)
        filing = Filing(
            scheme_id=month.scheme_id,
            period=month.period.key,
            member_id=member_id,
            stage=stage,
            due_on=_due(month, now).date,
            grounds=grounds.strip(),
            evaluation_id=evaluation.evaluation_id,
            no_talk_reason=reason,
        )
        row = add_appeal(connection, filing, by.strip(), now)
    return show_appeal(month.settings, month.results(), row.appeal_id, now)


def escalate(
    settings: Settings, appeal_id: str, stage: str, *, by: str, now: datetime, note: str | None = None
) -> Appeal:
    """Take an appeal that is being talked over to HR or the skip level; the day it is due counts anew.

    Raises ``UsageError`` for an appeal that is unknown, closed or there already, and where no talk is on record, no reason
    was given at filing and none is given now.
    """
    need_text(by=by)
    _check_stage(stage, DECIDING_STAGES)
    month = month_of(settings, appeal_id, now)
    note = (note or "").strip() or None
    with write_transaction(month.results()) as connection:
        row, step = open_step(connection, appeal_id, "escalated", now, stage)
        if not (note or row.no_talk_reason or _was_told(connection, month, row.member_id)):
            raise UsageError(_no_talk(month, row.member_id, "say with --note why there was no talk"))
        move = Move(
            "escalated", step.after.stage, step.after.status, by.strip(), now, note, _due(month, now).date
        )
        move_appeal(connection, appeal_id, move)
    return show_appeal(settings, month.results(), appeal_id, now)


def withdraw(
    settings: Settings, appeal_id: str, *, by: str, now: datetime, note: str | None = None
) -> Appeal:
    """Take an open appeal back; ``UsageError`` for one that is unknown or closed."""
    need_text(by=by)
    month = month_of(settings, appeal_id, now)
    with write_transaction(month.results()) as connection:
        _row, step = open_step(connection, appeal_id, "withdrawn", now)
        note = (note or "").strip() or None
        move_appeal(
            connection,
            appeal_id,
            Move("withdrawn", step.after.stage, step.after.status, by.strip(), now, note),
        )
    return show_appeal(settings, month.results(), appeal_id, now)


def open_step(
    connection: Connection, appeal_id: str, event: str, now: datetime, stage: str | None = None
) -> tuple[AppealRow, Step]:
    """Return an appeal, kept from others until the transaction ends, and the step asked for; raise where it is not allowed."""
    row = lock_appeal(connection, appeal_id)
    if row is None:
        raise UsageError(unknown_appeal(connection, appeal_id))
    step = take(AppealState(row.stage, row.status), event, appeal_id, stage)
    check_time(now, [entry.recorded_at for entry in read_events(connection, [appeal_id])[appeal_id]])
    return row, step


def _due(month: Month, now: datetime) -> Due:
    return due_on(local_day(month, now), month.department.scheme.appeals.answer_within.value)


def _check_stage(stage: str, allowed: Sequence[str]) -> None:
    if stage not in allowed:
        expected = f"one of: {', '.join(allowed)}"
        raise UsageError(Fault("there is no such stage", {"stage": stage}, expected, "correct --stage"))


def _talk_faults(
    connection: Connection, month: Month, member_id: str, stage: str, reason: str | None
) -> list[Fault]:
    was_told = _was_told(connection, month, member_id)
    if was_told and reason:
        where = {"period": month.period.key, "member": member_id, "no talk reason": reason}
        return [
            Fault(
                "a talk is on record, so there is no reason why there was none",
                where,
                "",
                "leave the reason out",
            )
        ]
    if stage in DECIDING_STAGES and not was_told and not reason:
        return [_no_talk(month, member_id, "say why there was no talk (--no-talk-reason)")]
    return []


def _was_told(connection: Connection, month: Month, member_id: str) -> bool:
    talks = read_talks(connection, month.scheme_id, month.period.key, member_id)
    return any(talk.event == "told" for talk in talks)


def _no_talk(month: Month, member_id: str, instead: str) -> Fault:
    return Fault(
        "the result was not talked about first (R12)",
        {"period": month.period.key, "member": member_id},
        "a talk on record, or the reason why there was none",
        f"record the talk (kpi talk record -p {month.period} -m {member_id} --by WHO), or {instead}",
    )


def _twice(connection: Connection, month: Month, member: MemberOfMonth, stage: str) -> list[Fault]:
    """Return the faults of contesting twice: beside an open appeal, or a result about which was decided at this stage."""
    faults = []
    for row in read_appeals(connection, month.scheme_id, month.period.key, member.member_id):
        where = {"appeal": row.appeal_id, "stage": row.stage, "status": row.status}
        if row.status == OPEN:
            faults.append(
                Fault(
                    f"{member.member_id} has an open appeal against {month.period}",
                    where,
                    "one open appeal a member and month",
                    f"wait for its answer, escalate it, or withdraw it (kpi appeal withdraw --appeal {row.appeal_id})",
                )
            )
        elif row.status in VERDICTS and row.stage == stage and _contested_same(connection, row, member):
            faults.append(
                Fault(
                    f"this result of {member.member_id} in {month.period} was contested already, and decided at this stage",
                    where,
                    "a result that has changed since, or another stage",
                    f"kpi appeal show --appeal {row.appeal_id} shows the answer",
                )
            )
    return faults


def _contested_same(connection: Connection, row: AppealRow, member: MemberOfMonth) -> bool:
    was = read_members(connection, row.evaluation_id, row.member_id).get(row.member_id)
    return was is not None and was.result == member.result
