"""Working days by China's official calendar: public holidays off, make-up weekend workdays on (R13).

The calendar of a year is published in the autumn before it; the library `chinese_calendar` then needs a new release. For
years that it does not know, Monday to Friday are taken for working days, and whoever is told so is also told that it is a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

import chinese_calendar

_DAY = timedelta(days=1)
_FRIDAY = 4


@dataclass(frozen=True)
class Due:
    """The day by which something is due; ``is_certain`` is false where a year's calendar was not known and guessed."""

    date: date
    is_certain: bool

    @property
    def warning(self) -> str | None:
        """What to tell people about a guessed day; None for a certain one."""
        return None if self.is_certain else guess_warning([self.date.year])


def guess_warning(years: Iterable[int]) -> str:
    """Return the sentence that goes with days counted in years whose calendar is not known."""
    named = ", ".join(str(year) for year in sorted(set(years)))
    return (
        f"China's official calendar of {named} is not known to this program: Monday to Friday were taken for working days; "
        "upgrade the package chinesecalendar once the calendar is published"
    )


def is_workday(day: date) -> tuple[bool, bool]:
    """Return whether a day is a working day, and whether that is certain (the year's calendar is known)."""
    try:
        return bool(chinese_calendar.is_workday(day)), True
    except NotImplementedError:
        return day.weekday() <= _FRIDAY, False


def due_on(filed: date, days: int) -> Due:
    """Return the last of so many working days, counted from the day after ``filed``."""
    is_certain = True
    for day in _days_after(filed):
        is_working, is_known = is_workday(day)
        is_certain = is_certain and is_known
        days -= is_working
        if days <= 0:
            return Due(day, is_certain)
    raise OverflowError(f"no {days} working days after {filed}")


def workdays_left(today: date, due: date) -> int:
    """Return how many working days after ``today`` are left up to ``due``: 0 on the day itself, below 0 when it is past."""
    if today > due:
        return -workdays_left(due, today)
    return sum(is_workday(day)[0] for day in islice(_days_after(today), (due - today).days))


def _days_after(day: date) -> Iterator[date]:
    while day < date.max:
        day += _DAY
        yield day
