"""HR's word at the end of a probation, and how things stand between warnings, probations and that word. R8, R9."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, Engine

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.results import actions
from kpi_tasks.results.connection import read_transaction, write_transaction
from kpi_tasks.rules.history import actions_of
from kpi_tasks.rules.scheme import Scheme

VERDICTS = {"passed": "probation_passed", "failed": "probation_failed"}
"""What HR may say, and the personnel action that it is."""

_LISTED = 10


@dataclass(frozen=True)
class Probation:
    """A probation: from ``starts_on`` to ``ends_on``, the first day after it; ``period`` is the last month that led to it."""

    member_id: str
    period: str
    starts_on: date
    ends_on: date
    reason: str

    def __str__(self) -> str:
        return f"{self.member_id} from {self.starts_on}, over on {self.ends_on}"


@dataclass(frozen=True)
class Action:
    """One personnel action; ``is_supported`` is false for a verdict on a probation that the months do not lead to any more."""

    member_id: str
    period: str
    action: str
    starts_on: date
    ends_on: date | None
    reason: str
    decided_by: str | None
    is_supported: bool


@dataclass(frozen=True)
class Standing:
    """How conduct stands on a day: probations that wait for HR's word, those that run, and all actions."""

    today: date
    waiting: tuple[Probation, ...]
    running: tuple[Probation, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Word:
    """HR's word on a probation, as it was recorded."""

    probation: Probation
    verdict: str
    reason: str
    decided_by: str
    decided_at: datetime

    @property
    def action(self) -> str:
        """The personnel action that the word is."""
        return VERDICTS[self.verdict]


def standing(engine: Engine | None, scheme: Scheme, now: datetime, member_id: str | None = None) -> Standing:
    """Return warnings, probations and verdicts of a department or of one member; without a database there are none."""
    today = today_of(scheme, now)
    if engine is None:
        return Standing(today, (), (), ())
    with read_transaction(engine) as connection:
        every = actions.read_all_actions(connection, scheme.scheme_id)
        waiting, running = _open(connection, scheme, today)
    return Standing(
        today,
        tuple(found for found in waiting if member_id in (None, found.member_id)),
        tuple(found for found in running if member_id in (None, found.member_id)),
        tuple(
            found for found in (Action(**row) for row in _rows(every)) if member_id in (None, found.member_id)
        ),
    )


def decide(
    engine: Engine | None,
    scheme: Scheme,
    member_id: str,
    verdict: str,
    *,
    reason: str,
    by: str,
    now: datetime,
    starts_on: date | None = None,
) -> Word:
    """Record HR's word on a member's probation, once and for all, and bring the personnel actions up to date. R9.

    ``engine`` null: there is no results database yet. ``starts_on`` is needed only where several probations of the member wait.
    Raises ``UsageError`` with all faults, and nothing is written: a verdict that is none, no reason or name, the member's
    own word, a probation that there is not, that history does not lead to any more, that has not ended or has its verdict.
    """
    today, follow = today_of(scheme, now), partial(actions_of, conduct=scheme.conduct)
    faults = _wording_faults(verdict, reason, by)
    if by.strip().casefold() == member_id.casefold():
        where = {"member": member_id, "by": by}
        what, action = "nobody decides on the own probation", "have HR decide"
        faults.append(Fault(what, where, "somebody else", action))
    if engine is None:
        raise UsageError([*faults, _unknown(_where(member_id, starts_on), ())])
    with write_transaction(engine) as connection:
        actions.sync_actions(connection, scheme.scheme_id, follow)
        waiting, running = _open(connection, scheme, today)
        chosen = _chosen(waiting, member_id, starts_on)
        if len(chosen) != 1:
            verdicts = actions.read_verdicts(connection, scheme.scheme_id)
            faults += _probation_faults(chosen, waiting, running, verdicts, (member_id, starts_on))
        if faults:
            raise UsageError(faults)
        word = Word(chosen[0], verdict, reason.strip(), by.strip(), now)
        actions.add_verdict(
            connection,
            scheme.scheme_id,
            member_id,
            starts_on=word.probation.starts_on,
            ends_on=word.probation.ends_on,
            verdict=word.action,
            reason=word.reason,
            decided_by=word.decided_by,
            decided_at=now,
        )
        actions.sync_actions(connection, scheme.scheme_id, follow)
    return word


def today_of(scheme: Scheme, now: datetime) -> date:
    """Return the day it is in the scheme's time zone."""
    return now.astimezone(ZoneInfo(scheme.time_zone)).date()


def _open(
    connection: Connection, scheme: Scheme, today: date
) -> tuple[tuple[Probation, ...], tuple[Probation, ...]]:
    """Return the probations without a verdict: those that have ended, the longest waiting first, and those that have not."""
    rows = _rows(actions.read_open_probations(connection, scheme.scheme_id))
    found = sorted((Probation(**row) for row in rows), key=lambda one: (one.ends_on, one.member_id))
    return (
        tuple(one for one in found if one.ends_on <= today),
        tuple(one for one in found if one.ends_on > today),
    )


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _chosen(probations: Sequence[Probation], member_id: str, starts_on: date | None) -> list[Probation]:
    """Return those of the member, of that first day where one is given."""
    return [one for one in probations if one.member_id == member_id and starts_on in (None, one.starts_on)]


def _wording_faults(verdict: str, reason: str, by: str) -> list[Fault]:
    faults = []
    if verdict not in VERDICTS:
        expected = " or ".join(VERDICTS)
        faults.append(Fault("not a verdict on a probation", {"verdict": verdict}, expected, "say which"))
    needed = {
        "reason": (reason, "the verdict needs a reason", "say why, so that it can be followed later"),
        "by": (by, "the verdict needs the name of who gives it", "say who decides"),
    }
    faults += [
        Fault(what, {name: value}, "a printable text", action)
        for name, (value, what, action) in needed.items()
        if not value.strip() or "\0" in value
    ]
    return faults


def _probation_faults(
    chosen: Sequence[Probation],
    waiting: Sequence[Probation],
    running: Sequence[Probation],
    verdicts: pd.DataFrame,
    asked: tuple[str, date | None],
) -> list[Fault]:
    """Return why there is not exactly one probation to decide on."""
    member_id, starts_on = asked
    where = _where(member_id, starts_on)
    if chosen:
        days = ", ".join(str(one.starts_on) for one in chosen)
        return [
            Fault(
                "several probations of the member wait for a verdict", where, f"one of {days}", "say --starts-on"
            )
        ]  # fmt: skip
    if early := _chosen(running, member_id, starts_on):
        return [
            Fault(
                "the probation has not ended",
                {**where, "over on": str(one.ends_on)},
                "a probation that is over",
                f"decide from {one.ends_on} on",
            )
            for one in early
        ]
    decided = [
        row
        for row in _rows(verdicts)
        if row["member_id"] == member_id and starts_on in (None, row["starts_on"])
    ]
    if decided:
        return [_decided_fault(row, where) for row in decided]
    return [_unknown(where, waiting)]


def _where(member_id: str, starts_on: date | None) -> dict[str, object]:
    return {"member": member_id} if starts_on is None else {"member": member_id, "starts on": str(starts_on)}


def _unknown(where: Mapping[str, object], waiting: Sequence[Probation]) -> Fault:
    return Fault("there is no such probation", where, _waiting_text(waiting), "look at `kpi conduct list`")


def _decided_fault(row: Mapping[str, Any], where: Mapping[str, object]) -> Fault:
    word = next(word for word, action in VERDICTS.items() if action == row["verdict"])
    said = {"verdict": word, "by": row["decided_by"], "reason": row["reason"]}
    return Fault(
        "the probation has its verdict already",
        {**where, "starts on": str(row["starts_on"]), **said},
        "a probation without one",
        "the first verdict stands; `kpi conduct list --member` shows it",
    )


def _waiting_text(waiting: Sequence[Probation]) -> str:
    if not waiting:
        return "a probation that waits for a verdict; at present none does"
    more = f" and {len(waiting) - _LISTED} more" if len(waiting) > _LISTED else ""
    return f"one that waits for a verdict: {', '.join(map(str, waiting[:_LISTED]))}{more}"
