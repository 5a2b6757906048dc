"""Periods: calendar months of the scheme's time zone, written ``YYYY-MM``."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from kpi_tasks.errors import Fault, UsageError

_FORM = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, order=True)
class Period:
    """One calendar month: half-open, from ``start`` to ``end`` (the first day that is not in it)."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``YYYY-MM``; anything else (``2026-3``, ``2026-13``) raises ``UsageError``."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise UsageError(
                Fault(
                    "not a period",
                    {"period": text},
                    "a month written YYYY-MM, from 2000-01 to 2099-12",
                    "write the month with two digits, for example 2026-03",
                )
            )
        return cls(int(match[1]), int(match[2]))

    @property
    def key(self) -> str:
        """The month as ``YYYY-MM``."""
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def start(self) -> date:
        """The first day of the month."""
        return date(self.year, self.month, 1)

    @property
    def end(self) -> date:
        """The first day after the month."""
        return self.shift(1).start

    @property
    def days(self) -> int:
        """How many days the month has."""
        return calendar.monthrange(self.year, self.month)[1]

    def shift(self, months: int) -> Period:
        """Return the month that many months later (earlier where negative)."""
        count = self.year * 12 + self.month - 1 + months
        return Period(count // 12, count % 12 + 1)

    def previous(self) -> Period:
        """Return the month before."""
        return self.shift(-1)

    def next(self) -> Period:
        """Return the month after."""
        return self.shift(1)

    def __str__(self) -> str:
        return self.key


def month_range(first: Period, last: Period) -> list[Period]:
    """Return the months from ``first`` to ``last``, both included; ``UsageError`` where they are the wrong way round."""
    if last < first:
        raise UsageError(
            Fault(
                "the range of months is empty",
                {"from": first.key, "to": last.key},
                "a first month that is not after the last",
                "swap the two",
            )
        )
    count = (last.year - first.year) * 12 + last.month - first.month
    return [first.shift(step) for step in range(count + 1)]
