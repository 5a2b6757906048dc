"""What a working day has to do about appeals: which have to show as a required action, and what is mailed about them.

Each appeal to answer has one run of the DAG `appeal_answer`, however often it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from kpi_tasks.cycle.appeals import Appeal
from kpi_tasks.rules.appeals import VERDICTS

AT_A_TIME = 50
"""So many closed appeals are asked about in one question."""

ANSWERS_MAILED_FOR = timedelta(days=14)
"""Answers that are older are not mailed any more: whoever turns mail on later is not told old stories."""

Count = Callable[[list[str], bool], int]
"""How many runs of these ids there are; with True only those that have not ended."""


def run_id_of(appeal_id: str) -> str:
    """Return the id of the one run that asks for an appeal's answer."""
    return f"appeal__{appeal_id}"


def runs_to_start(appeals: Sequence[Appeal], count: Count) -> list[dict[str, Any]]:
    """Return the runs to start: each with ``appeal``, ``run_id`` and ``is_reset``.

    An appeal to answer without a run gets one; where its run has ended and it is still open, the run is reset and asks
    again. A run that still waits for the answer of an appeal that was closed elsewhere is reset, and then ends by itself.
    """
    runs = []
    for appeal in appeals:
        if appeal.is_to_answer:
            run_id = run_id_of(appeal.row.appeal_id)
            if not count([run_id], True):
                runs.append(_run(appeal, is_reset=count([run_id], False) > 0))
    runs += [_run(appeal, is_reset=True) for appeal in _still_waiting(appeals, count)]
    return runs


def mails_about(appeals: Sequence[Appeal], now: datetime) -> Iterator[tuple[str, Appeal]]:
    """Yield the kinds of mail that are due about appeals; whether one was sent already is the mail's business.

    ``appeal_filed``, ``appeal_due`` (the working day before, and the day itself) and ``appeal_overdue`` go to HR,
    ``appeal_decided`` to appellant and evaluator. One that is still being talked over is HR's when it is overdue.
    """
    for appeal in appeals:
        if appeal.is_to_answer:
            yield "appeal_filed", appeal
            if appeal.is_reminded:
                yield "appeal_due", appeal
        if appeal.is_overdue:
            yield "appeal_overdue", appeal
        decided_at = appeal.row.decided_at
        if appeal.row.status in VERDICTS and decided_at and now - decided_at <= ANSWERS_MAILED_FOR:
            yield "appeal_decided", appeal


def _still_waiting(appeals: Sequence[Appeal], count: Count) -> Iterator[Appeal]:
    closed = [appeal for appeal in appeals if not appeal.is_open]
    for start in range(0, len(closed), AT_A_TIME):
        some = closed[start : start + AT_A_TIME]
        if count([run_id_of(appeal.row.appeal_id) for appeal in some], True):
            yield from (appeal for appeal in some if count([run_id_of(appeal.row.appeal_id)], True))


def _run(appeal: Appeal, *, is_reset: bool) -> dict[str, Any]:
    appeal_id = appeal.row.appeal_id
    return {"appeal": appeal_id, "run_id": run_id_of(appeal_id), "is_reset": is_reset}
