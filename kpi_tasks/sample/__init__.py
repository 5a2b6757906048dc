"""A made-up department to try the pipeline on: eight teams, 51 members, records of several months.

The same call gives the same rows, and for SQLite the same bytes. What a month holds never depends on how many other
months are made. Every month is meant to pass validation without a critical fault; the visitor below is a warning.

======== ================================================================================================
month    stories
======== ================================================================================================
2026-05  T01 is best above 92, T07 is worst below 20 (E). Places tie in customer visits (T05, T06). M0505 has one
         incident (-20). T02 dispatches a board in the last second of the month.
2026-06  T02 and T03 tie for the best total: both A, nobody is second. T06 is worst at exactly 35: still C.
         M0605 moves from T06 to T05 on the 16th: 15 days in each, so the later team is home. M0704 has two incidents: zeroed,
         serious warning. M0103 of T01 files three visits for T05: a visitor. T02 dispatches a board in the first second.
2026-07  T02 is best and T01 second, both at 92 or more: both A. T06 is worst between 20 and 35 (D), T07 is below 35
         too without being worst (D). M0304 moves from T03 to T02 on the 16th: 16 of 31 days there. M0404 (T04) is on leave:
         no record, no points, no offence.
2026-08  A thin month: three tenths of the work (typhoons). T04 is best below 92. T08, one member strong, trains nobody
         and has no repair record due: unplaced in both, and worst (D). M0407 leaves T04 on the 11th. M0604 has two
         incidents: zeroed. M0405 has one that costs more than the member's work points.
2026-09  T03 is best, T01 second by one point before T02. T06 and T07 tie for the worst total below 35: both D. M0508 joins T05
         on the 14th. M0604 is zeroed again: the second month in a row. Places tie in training, twice.
2026-10  T01 is best above 92, T02 is B, T07 is worst below 20 (E), T06 below 35 (D). M0105 works for an A, but
         one quarrel with a customer (-50) makes it a C.
======== ================================================================================================

Other months have a seeded order of the teams and no conduct.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Table

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.period import Period, month_range
from kpi_tasks.sample import people, records, tables
from kpi_tasks.sample.write import Rows, write

_FIRST = Period(2023, 1)
"""Everybody but the late joiner is hired by then."""
_LARGEST_SCALE = 10_000


@dataclass(frozen=True)
class SampleSummary:
    """What was written: the months in order, the scale, and the number of rows by table name."""

    months: tuple[str, ...]
    scale: float
    rows: Mapping[str, int]

    @property
    def record_count(self) -> int:
        """How many service records there are, conduct incidents not counted."""
        return sum(self.rows[table.name] for table in tables.RECORD_TABLES.values())


def write_sample(
    target: Path | str,
    *,
    months: int = 6,
    scale: float = 1,
    until: str = "2026-10",
    progress: Callable[[str], None] | None = None,
) -> SampleSummary:
    """Fill an SQLite file (a path) or a database (an SQLAlchemy URL) with the made-up department.

    ``months`` months that end with ``until``; ``scale`` times the usual number of records. An earlier sample is replaced
    at once: whoever reads meanwhile sees the old one or the new one. ``progress`` is called with each month when it
    is done. Raises ``UsageError`` for numbers out of range, ``ConfigError`` for a target that holds anything else than
    a sample, ``UnreachableError`` where it cannot be written.
    """
    last = Period.parse(until)
    _check_numbers(months, scale, last)
    periods = month_range(last.shift(1 - months), last)

    def contents() -> Iterator[tuple[Table, Rows]]:
        facts = {"made by": "kpi sample", "months": f"{periods[0]}..{last}", "scale": f"{scale:g}"}
        yield tables.MARKER, sorted(facts.items())
        yield tables.TEAMS, people.team_rows()
        yield tables.MEMBERS, people.member_rows()
        yield tables.ROSTER, people.roster_rows()
        for period in periods:
            for kind, table in tables.RECORD_TABLES.items():
                yield table, records.record_rows(kind, period, scale)
            yield tables.INCIDENTS, records.incident_rows(period)
            if progress is not None:
                progress(period.key)

    counts = write(target, contents)
    return SampleSummary(tuple(period.key for period in periods), scale, counts)


def _check_numbers(months: int, scale: float, last: Period) -> None:
    """Raise ``UsageError`` with all the numbers that are out of range."""
    most = (last.year - _FIRST.year) * 12 + last.month - _FIRST.month + 1
    faults = []
    if not 1 <= months <= most:
        faults.append(
            Fault(
                "the number of months is out of range",
                {"months": months, "until": last.key},
                f"1 to {most} (the made-up department begins in {_FIRST})",
                "ask for fewer months" if months > most else "ask for at least one month",
            )
        )
    if not (math.isfinite(scale) and 0 < scale <= _LARGEST_SCALE):
        faults.append(
            Fault(
                "the scale is out of range",
                {"scale": scale},
                f"more than 0, at most {_LARGEST_SCALE}",
                "choose a smaller or larger number, for example 100",
            )
        )
    if faults:
        raise UsageError(faults)
