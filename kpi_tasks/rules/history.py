"""Where the months of a member lead: serious warnings, probations, and whether HR's word on one still stands. R8, R9.

Everything follows from all months together and nothing from the order in which they were computed. Probations of one member
are found from the earliest month on, because one that runs keeps another from starting.

A month that was not published has no rows, so it is no zero month and breaks a run like any other month that is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from kpi_tasks.period import Period
from kpi_tasks.rules.scheme import Conduct

COLUMNS = (
    "member_id", "period", "action", "starts_on", "ends_on", "reason", "decided_by", "is_supported",
)  # fmt: skip
"""Columns of the personnel actions."""

Action = dict[str, Any]


def actions_of(months: pd.DataFrame, verdicts: pd.DataFrame, conduct: Conduct) -> pd.DataFrame:
    """One row a member, month and action: all personnel actions of a scheme, sorted by them. R8, R9.

    Takes ``months``, at most one row a member and published month, at least all those with an incident: ``period``
    (``YYYY-MM``), ``member_id``, ``is_zeroed``, ``performance_points_micros``, ``deducted_points_micros`` (millionths of a
    work point), ``incident_count``, ``incident_ids`` (the ids of the incidents that stand). And ``verdicts``, at most one
    row a member and first day of a probation: ``member_id``, ``starts_on``, ``verdict`` (an action), ``reason``,
    ``decided_by``.

    Gives ``period`` (the month that led to it; of a verdict the probation's last month), ``action``, ``starts_on``,
    ``ends_on`` (a date, the first day after it; null: not a stretch of time), ``reason``, ``decided_by`` (null: nobody, it
    follows from the months), ``is_supported`` (false: a verdict on a probation that the months do not lead to any more).

    No two rows share member, month and action: a verdict's month follows from the first day of its probation by the scheme's
    present length of probations, whatever the length was when the verdict was given.
    """
    started = list(_probations(months, conduct))
    running = {(action["member_id"], action["starts_on"]) for action in started}
    actions = [*_warnings(months), *started, *_verdicts(verdicts, running, conduct)]
    actions.sort(key=lambda action: (action["member_id"], action["period"], action["action"]))
    return pd.DataFrame(actions, columns=list(COLUMNS), dtype=object).astype({"is_supported": bool})


def probation_starts(zero_months: Iterable[Period], after: int, length: int) -> list[Period]:
    """Return the first months of a member's probations, in order. R9.

    A run of ``after`` consecutive zero months leads to a probation of ``length`` months from the next month on, unless
    an earlier one would not have ended by then.
    """
    zero = set(zero_months)
    starts: list[Period] = []
    for month in sorted(zero):
        first = month.next()
        is_free = not starts or starts[-1].shift(length) <= first
        if is_free and zero.issuperset(_run(first, after)):
            starts.append(first)
    return starts


def _run(first: Period, after: int) -> list[Period]:
    """Return the months right before a probation's first one that lead to it."""
    return [first.shift(-back) for back in range(after, 0, -1)]


def _warnings(months: pd.DataFrame) -> Iterator[Action]:
    """Yield a serious warning a zeroed month, on its last day. R8."""
    for row in months[months["is_zeroed"].astype(bool)].to_dict("records"):
        period, ids = Period.parse(row["period"]), sorted(row["incident_ids"])
        yield _action(
            row["member_id"],
            period,
            "serious_warning",
            starts_on=period.start.replace(day=period.days),
            reason=f"{len(ids)} conduct incidents: {', '.join(ids)}",
        )


def _probations(months: pd.DataFrame, conduct: Conduct) -> Iterator[Action]:
    """Yield the start of each probation. R9."""
    after, length = conduct.probation_after.value, conduct.probation_length.value
    is_zero = (
        (months["performance_points_micros"] == 0)
        & (months["incident_count"] >= 1)
        & (months["deducted_points_micros"] > 0)
    )
    for member_id, periods in months[is_zero].groupby("member_id")["period"]:
        for first in probation_starts(map(Period.parse, periods), after, length):
            run = ", ".join(month.key for month in _run(first, after))
            yield _action(
                member_id,
                first.previous(),
                "probation_started",
                starts_on=first.start,
                ends_on=first.shift(length).start,
                reason=f"performance points 0 in {run}",
            )


def _verdicts(
    verdicts: pd.DataFrame, running: set[tuple[object, object]], conduct: Conduct
) -> Iterator[Action]:
    """Yield HR's word on each probation, also on one that the months do not lead to any more."""
    for row in verdicts.to_dict("records"):
        first = Period(row["starts_on"].year, row["starts_on"].month)
        after_it = first.shift(conduct.probation_length.value)
        yield _action(
            row["member_id"],
            after_it.previous(),
            row["verdict"],
            starts_on=after_it.start,
            reason=row["reason"],
            decided_by=row["decided_by"],
            is_supported=(row["member_id"], row["starts_on"]) in running,
        )


def _action(member_id: object, period: Period, action: str, **values: object) -> Action:
    followed = {"ends_on": None, "decided_by": None, "is_supported": True}
    return {"member_id": member_id, "period": period.key, "action": action, **followed, **values}
