"""Personnel actions, kept at what the current evaluations and HR's verdicts lead to, and the ledger of those verdicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Table, bindparam, or_, select

from kpi_tasks.results import tables
from kpi_tasks.results.columntypes import exact_micros
from kpi_tasks.results.locks import lock_actions
from kpi_tasks.rulings import EVALUATOR_MARK

Follow = Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]
"""Turns the months that matter and the verdicts into personnel actions; see ``read_conduct`` and ``read_verdicts``."""

_KEY = ("member_id", "period", "action")
_COLUMNS = (*_KEY, "starts_on", "ends_on", "reason", "decided_by", "is_supported")
_MONTHS = (
    "period", "member_id", "is_zeroed", "performance_points_micros", "deducted_points_micros", "incident_count",
    "incident_ids",
)  # fmt: skip


def sync_actions(connection: Connection, scheme_id: str, follow: Follow) -> None:
    """Bring a scheme's personnel actions to what its months and verdicts lead to, inside the caller's transaction. R8, R9.

    Writes only what differs. ``follow`` has to be that of the scheme file in force, whichever month is published: otherwise
    the actions would depend on which was the last.
    """
    lock_actions(connection, scheme_id)
    wanted = _records(follow(read_conduct(connection, scheme_id), read_verdicts(connection, scheme_id)))
    present = _records(read_all_actions(connection, scheme_id))
    actions = tables.personnel_actions
    if gone := sorted(present - wanted, key=lambda record: record[: len(_KEY)]):
        conditions = [actions.c[name] == bindparam(f"of_{name}") for name in _KEY]
        connection.execute(
            actions.delete().where(actions.c.scheme_id == scheme_id, *conditions),
            [{f"of_{name}": value for name, value in zip(_KEY, record, strict=False)} for record in gone],
        )
    if added := sorted(wanted - present, key=lambda record: record[: len(_KEY)]):
        connection.execute(
            actions.insert(),
            [{"scheme_id": scheme_id, **dict(zip(_COLUMNS, record, strict=True))} for record in added],
        )


def read_conduct(connection: Connection, scheme_id: str) -> pd.DataFrame:
    """One row a month and member with an incident, of all current evaluations, sorted by them.

    Columns: period, member_id, is_zeroed, performance_points_micros, deducted_points_micros, incident_count, incident_ids
    (a sorted tuple of those that stand).
    """
    evaluations, members, penalties = tables.evaluations.c, tables.member_results.c, tables.penalties.c
    # By way of the penalties: they are few and have a key, whereas all results of all months would have to be looked through.
    query = (
        select(
            evaluations.period,
            members.member_id,
            members.is_zeroed,
            exact_micros(connection, members.performance_points).label("performance_points_micros"),
            exact_micros(connection, members.deducted_points).label("deducted_points_micros"),
            members.incident_count,
            penalties.record_id,
            or_(penalties.is_voided, penalties.category == EVALUATOR_MARK).label("is_passed_over"),
        )
        .join(tables.penalties, penalties.evaluation_id == evaluations.evaluation_id)
        .join(
            tables.member_results,
            (members.evaluation_id == penalties.evaluation_id) & (members.member_id == penalties.member_id),
        )
        .where(evaluations.scheme_id == scheme_id, evaluations.is_current)
        .where(or_(members.incident_count >= 1, members.is_zeroed))
    )
    months: dict[tuple[Any, ...], list[str]] = {}
    for *month, record_id, is_passed_over in connection.execute(query):
        incident_ids = months.setdefault(tuple(month), [])
        if not is_passed_over:
            incident_ids.append(record_id)
    found = [(*month, tuple(sorted(incident_ids))) for month, incident_ids in sorted(months.items())]
    whole = {name: "int64" for name in _MONTHS if name.endswith(("_micros", "_count"))}
    return pd.DataFrame(found, columns=list(_MONTHS)).astype({**whole, "is_zeroed": bool})


def read_verdicts(connection: Connection, scheme_id: str) -> pd.DataFrame:
    """One row a member and first day of a probation that HR has given its word on, sorted by them.

    Columns: member_id, starts_on, ends_on, verdict (an action), reason, decided_by, decided_at (UTC).
    """
    names = ("member_id", "starts_on", "ends_on", "verdict", "reason", "decided_by", "decided_at")
    return _read(connection, tables.probation_verdicts, scheme_id, names, key=2)


def read_all_actions(connection: Connection, scheme_id: str) -> pd.DataFrame:
    """One row a member, month and action of a scheme, sorted by them.

    Columns: member_id, period, action, starts_on, ends_on (null: not a stretch of time), reason, decided_by (null: nobody),
    is_supported (false: a verdict on a probation that history does not lead to any more).
    """
    return _read(connection, tables.personnel_actions, scheme_id, _COLUMNS, key=len(_KEY))


def read_open_probations(connection: Connection, scheme_id: str) -> pd.DataFrame:
    """One row a member and probation without a verdict, running or ended, sorted by member and first day.

    Columns: member_id, period (of the last zero month), starts_on, ends_on (the first day after it), reason.
    """
    actions = read_all_actions(connection, scheme_id)
    started = actions.loc[actions["action"] == "probation_started", list(_COLUMNS[:6])].drop(columns="action")
    verdicts = read_verdicts(connection, scheme_id)
    decided = set(zip(verdicts["member_id"], verdicts["starts_on"], strict=True))
    is_open = [
        probation not in decided
        for probation in zip(started["member_id"], started["starts_on"], strict=True)
    ]  # fmt: skip
    return started[pd.Series(is_open, index=started.index, dtype=bool)].reset_index(drop=True)


def add_verdict(
    connection: Connection,
    scheme_id: str,
    member_id: str,
    *,
    starts_on: date,
    ends_on: date,
    verdict: str,
    reason: str,
    decided_by: str,
    decided_at: datetime,
) -> None:
    """Add HR's word on a probation to the ledger; a second one on the same probation breaks its key."""
    connection.execute(
        tables.probation_verdicts.insert(),
        {
            "scheme_id": scheme_id,
            "member_id": member_id,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "verdict": verdict,
            "reason": reason,
            "decided_by": decided_by,
            "decided_at": decided_at,
        },
    )


def _read(
    connection: Connection, table: Table, scheme_id: str, names: tuple[str, ...], *, key: int
) -> pd.DataFrame:
    """Read a scheme's rows as plain values, sorted here: databases differ in how they order text."""
    query = select(*(table.c[name] for name in names)).where(table.c.scheme_id == scheme_id)
    records = sorted(map(tuple, connection.execute(query)), key=lambda record: record[:key])
    return pd.DataFrame(records, columns=list(names), dtype=object)


def _records(actions: pd.DataFrame) -> set[tuple[Any, ...]]:
    """Return the rows as tuples that can be compared; whatever pandas means by null is ``None``."""
    rows = actions[list(_COLUMNS)].itertuples(index=False, name=None)
    return {tuple(None if pd.isna(value) else value for value in row) for row in rows}
