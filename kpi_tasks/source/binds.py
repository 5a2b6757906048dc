"""The months' bounds, written into an extract query.

A query names ``:period_start``, ``:period_end`` (the month, half-open) and ``:scan_start``, ``:scan_end`` (some days wider
on both sides). They are replaced by quoted days such as ``'2026-10-01'``, not sent as typed parameters: every engine
reads a quoted day as whatever the column beside it is, text, date or timestamp, so one file serves all of them. The
days come from a checked period, never from outside.

A plain day orders rightly against a text timestamp too: ``'2026-10-01' <= '2026-10-01 00:00:00' < '2026-11-01'``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.period import Period

SCAN_MARGIN = timedelta(days=2)
"""How much wider the scan is. Local times around the world differ by up to 26 hours, so one day is not enough."""

# What may hold a colon or a semicolon without meaning it comes first, so that it is passed over.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(?P<comment>--[^\n]*|/\*.*?\*/)|::|:(?P<bind>[A-Za-z_]\w*)|(?P<end>;)""",
    re.DOTALL,
)


def scan_bounds(period: Period) -> dict[str, str]:
    """Return the binds for reading a month: the exact month, and the wider scan."""
    exact = exact_bounds(period)
    return exact | {
        "scan_start": (period.start - SCAN_MARGIN).isoformat(),
        "scan_end": (period.end + SCAN_MARGIN).isoformat(),
    }


def exact_bounds(period: Period) -> dict[str, str]:
    """Return the binds for counting a month: the scan is no wider than the month."""
    start, end = period.start.isoformat(), period.end.isoformat()
    return {"period_start": start, "period_end": end, "scan_start": start, "scan_end": end}


def bind(sql: str, days: Mapping[str, str], subject: str) -> str:
    """Return the query with its binds replaced and without the semicolon at its end, fit to stand in brackets.

    Raises ``ConfigError`` for binds that nobody gives a value, and for an empty query.
    """
    unknown = sorted({match["bind"] for match in _TOKEN.finditer(sql) if match["bind"]} - set(days))
    if unknown:
        raise ConfigError(
            Fault(
                f"the extract SQL names a bind that does not exist: :{name}",
                {"record type": subject},
                f"one of {', '.join(':' + known for known in sorted(days))}",
                "correct the SQL file; write a space after a colon that is not a bind",
            )
            for name in unknown
        )
    if not without_comments(sql).strip(" \t\r\n;"):
        raise ConfigError(
            Fault(
                "the extract SQL is empty",
                {"record type": subject},
                "one select",
                "write the SQL file",
            )
        )
    return _TOKEN.sub(lambda match: f"'{days[match['bind']]}'" if match["bind"] else match[0], _one(sql))


def without_comments(sql: str) -> str:
    """Return the query with each comment replaced by a space."""
    return _TOKEN.sub(lambda match: " " if match["comment"] else match[0], sql)


def _one(sql: str) -> str:
    """Cut the semicolon that ends the query; one with more SQL behind it stays, for the engine to refuse."""
    ends = [match.start() for match in _TOKEN.finditer(sql) if match["end"]]
    for position in ends:
        if not without_comments(sql[position:]).strip(" \t\r\n;"):
            return sql[:position].strip()
    return sql.strip()
