"""Appeals are answered: rejected with a reason, or upheld with corrections, a new evaluation and a mark. R13, R14."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from kpi_tasks.cycle.appeal_filing import open_step
from kpi_tasks.cycle.appeals import Appeal, local_day, month_of, show_appeal
from kpi_tasks.cycle.contested import need_text
from kpi_tasks.cycle.corrections import Occasion, Proposal, check_proposals
from kpi_tasks.cycle.reevaluate import Change, reevaluate
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.month import Month
from kpi_tasks.period import Period
from kpi_tasks.pipeline import PublishedMonth
from kpi_tasks.results.appeals import Mark, Move, add_mark, move_appeal
from kpi_tasks.results.connection import write_transaction
from kpi_tasks.results.model import StoredEvaluation
from kpi_tasks.results.people import MemberOfMonth
from kpi_tasks.rules.appeals import VERDICTS, take
from kpi_tasks.settings import Settings

UPHELD, REJECTED = VERDICTS


@dataclass(frozen=True)
class Decision:
    """What deciding did: the closed appeal, and where it was upheld the new revision of its month.

    ``no_mark_reason``: why nobody was marked although the appeal was upheld.
    """

    appeal: Appeal
    published: PublishedMonth | None = None
    no_mark_reason: str | None = None


def decide(
    settings: Settings,
    appeal_id: str,
    verdict: str,
    *,
    answer: str,
    by: str,
    now: datetime,
    proposals: Sequence[Proposal] = (),
    scope: str | None = None,
) -> Decision:
    """Uphold or reject an appeal, once. Upheld: one transaction writes state, trail, corrections, mark and the new revision.

    ``scope``: whose results the corrections change, ``appellant`` or ``period``; None: as the scheme says. Raises
    ``UsageError``, and writes nothing, for an appeal that is unknown, closed or still being talked over, a decision by the
    appellant or the evaluator, before the last step, without an answer, upheld without a correction or rejected with one,
    and for corrections that have nothing to act on.
    """
    need_text(answer=answer, by=by)
    month = month_of(settings, appeal_id, now)
    appeal = show_appeal(settings, month.results(), appeal_id, now)
    if verdict not in VERDICTS:
        raise UsageError(
            Fault("there is no such verdict", {"verdict": verdict}, " or ".join(VERDICTS), "correct it")
        )
    take(appeal.state, verdict, appeal_id)  # before anything is computed; looked at again where it is written
    faults = [*_judge_faults(appeal, by), *_correction_faults(appeal_id, verdict, proposals)]
    if faults:
        raise UsageError(faults)
    move = Move(verdict, appeal.row.stage, verdict, by.strip(), now, answer.strip(), answer=answer.strip())
    if verdict == REJECTED:
        with write_transaction(month.results()) as connection:
            _close(connection, appeal_id, move)
        return Decision(show_appeal(settings, month.results(), appeal_id, now))
    return _uphold(month, appeal, move, proposals, scope)


def _uphold(
    month: Month, appeal: Appeal, move: Move, proposals: Sequence[Proposal], scope: str | None
) -> Decision:
    appeal_id, now = appeal.row.appeal_id, move.recorded_at
    rules = month.department.scheme.appeals
    occasion = Occasion(appeal_id, appeal.row.member_id, str(move.answer), move.recorded_by, now)
    mark, no_mark_reason = _mark(month, appeal, now)

    def write(connection: Connection) -> None:
        _close(connection, appeal_id, move)
        if mark is not None:
            add_mark(connection, mark)

    def change(stored: StoredEvaluation) -> Change:
        now_open = show_appeal(month.settings, month.results(), appeal_id, now)
        take(now_open.state, move.event, appeal_id)  # somebody else may have answered while this was computed
        chosen = scope or rules.correction_scope.value
        return Change(corrections=check_proposals(month, stored, proposals, occasion, chosen))

    published = reevaluate(month, change, cause="appeal", now=now, alongside=write)
    after = show_appeal(month.settings, month.results(), appeal_id, now)
    return Decision(after, published, no_mark_reason)


def _close(connection: Connection, appeal_id: str, move: Move) -> None:
    """Write a verdict; raise where the appeal was closed or moved since it was looked at."""
    open_step(connection, appeal_id, move.event, move.recorded_at, move.stage)
    move_appeal(connection, appeal_id, move)


def _mark(month: Month, appeal: Appeal, now: datetime) -> tuple[Mark | None, str | None]:
    """Return what the evaluator of the contested result loses in the month of the decision, or why nobody loses anything."""
    evaluator_id = appeal.member.evaluator_id
    if evaluator_id is None:
        return None, f"team {appeal.member.team_id} had no evaluator but the appellant, so nobody is marked"
    day = local_day(month, now)
    return Mark(
        appeal_id=appeal.row.appeal_id,
        scheme_id=month.scheme_id,
        evaluator_id=evaluator_id,
        period=Period(day.year, day.month).key,
        points_micros=month.department.scheme.appeals.evaluator_deduction.micros,
    ), None


def _judge_faults(appeal: Appeal, by: str) -> list[Fault]:
    """Nobody decides about themselves: neither the appellant nor the evaluator whose word is contested."""
    member: MemberOfMonth = appeal.member
    involved = {
        "the appellant": (member.member_id, member.member_name),
        "the evaluator of the contested result": (member.evaluator_id, member.evaluator_name),
    }
    name = by.strip().casefold()
    return [
        Fault(
            f"{who} cannot decide the appeal",
            {"appeal": appeal.row.appeal_id, "by": by},
            "somebody of the stage that handles it",
            "have somebody else decide",
        )
        for who, names in involved.items()
        if name in {one.casefold() for one in names if one}
    ]


def _correction_faults(appeal_id: str, verdict: str, proposals: Sequence[Proposal]) -> list[Fault]:
    where = {"appeal": appeal_id, "corrections": len(proposals)}
    if verdict == UPHELD and not proposals:
        expected = "at least one correction: the appellant's result must be corrected (R14)"
        action = "void an incident, exclude or credit a record, or set the grade; or reject the appeal"
        return [Fault("an upheld appeal corrects nothing", where, expected, action)]
    if verdict == REJECTED and proposals:
        return [
            Fault(
                "a rejected appeal corrects nothing", where, "no correction", "leave them out, or uphold it"
            )
        ]
    return []
