"""The ledger of talks: who told a member which result, when, and the member's acknowledgement. R11."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, func, select

from kpi_tasks.results import tables


@dataclass(frozen=True)
class Talk:
    """One row of ``result_talks``; ``evaluation_id`` is the result that was talked about."""

    talk_id: str
    scheme_id: str
    period: str
    member_id: str
    evaluation_id: str
    event: str
    recorded_by: str
    recorded_at: datetime
    note: str | None


def read_talks(
    connection: Connection, scheme_id: str, period: str, member_id: str | None = None
) -> list[Talk]:
    """Read the talks about a month, in the order they were recorded; those of one member where named."""
    kept = tables.result_talks
    query = select(kept).where(kept.c.scheme_id == scheme_id, kept.c.period == period)
    if member_id is not None:
        query = query.where(kept.c.member_id == member_id)
    names = [field.name for field in fields(Talk)]
    talks = [Talk(**{name: row[name] for name in names}) for row in connection.execute(query).mappings()]
    return sorted(talks, key=lambda talk: (len(talk.talk_id), talk.talk_id))


def add_talk(
    connection: Connection,
    evaluation: tuple[str, str, str],
    member_id: str,
    event: str,
    by: str,
    now: datetime,
    note: str | None,
) -> Talk:
    """Record a talk about a member's result in ``evaluation`` (scheme, month, id). The caller holds the month's lock."""
    scheme_id, period, evaluation_id = evaluation
    kept = tables.result_talks
    count = connection.scalar(
        select(func.count()).select_from(kept).where(kept.c.scheme_id == scheme_id, kept.c.period == period)
    )
    talk_id = f"{scheme_id}-{period}-t{1 + (count or 0):03d}"
    talk = Talk(talk_id, scheme_id, period, member_id, evaluation_id, event, by, now, note)
    connection.execute(kept.insert(), vars(talk))
    return talk
