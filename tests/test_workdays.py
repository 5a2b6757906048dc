"""Working days by China's official calendar; the dates are checked by hand against what the State Council published."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tasks.workdays import due_on, is_workday, workdays_left

# The calendar of 2026 (General Office of the State Council): New Year 1-3 January, work on Sunday 4 January. Spring Festival
# 15-23 February, work on Saturday 14 and Saturday 28 February. Mid-Autumn 25-27 September. National Day 1-7 October, work on
# Sunday 20 September and Saturday 10 October.
DUE = [
    # Wed 30 Sep: 1-7 Oct are off; Thu 8, Fri 9, Sat 10 (make-up), Mon 12, Tue 13 October
    ("2026-09-30", "2026-10-13"),
    # the same when filed on any day of the holiday
    ("2026-10-04", "2026-10-13"),
    # Thu 8 Oct: Fri 9, Sat 10 (make-up), Mon 12, Tue 13, Wed 14
    ("2026-10-08", "2026-10-14"),
    # Fri 18 Sep: Sun 20 (make-up), Mon 21, Tue 22, Wed 23, Thu 24
    ("2026-09-18", "2026-09-24"),
    # Wed 11 Feb: Thu 12, Fri 13, Sat 14 (make-up), then 15-23 off; Tue 24, Wed 25
    ("2026-02-11", "2026-02-25"),
    # Fri 13 Feb: Sat 14 (make-up), Tue 24, Wed 25, Thu 26, Fri 27
    ("2026-02-13", "2026-02-27"),
    # Sat 14 Feb: Tue 24, Wed 25, Thu 26, Fri 27, Sat 28 (make-up)
    ("2026-02-14", "2026-02-28"),
    # a week without holidays: Mon 9 Mar to Mon 16 Mar
    ("2026-03-09", "2026-03-16"),
]


@pytest.mark.parametrize(("filed", "due"), DUE)
def test_an_answer_is_due_five_working_days_after_filing(filed: str, due: str) -> None:
    found = due_on(date.fromisoformat(filed), 5)
    assert (found.date.isoformat(), found.is_certain, found.warning) == (due, True, None)


def test_a_year_whose_calendar_is_not_known_is_guessed_by_weekdays_and_said() -> None:
    # Tue 29 Dec 2026: Wed 30, Thu 31; the calendar of 2027 is not known, so Fri 1, Mon 4, Tue 5 January are taken
    found = due_on(date(2026, 12, 29), 5)
    assert (found.date, found.is_certain) == (date(2027, 1, 5), False)
    assert "2027" in str(found.warning)
    assert "weekday" not in str(found.warning)
    assert is_workday(date(2027, 1, 4)) == (True, False)
    assert is_workday(date(2027, 1, 3)) == (False, False)


def test_what_is_due_within_a_known_year_is_certain() -> None:
    # Wed 23 Dec 2026: Thu 24, Fri 25, Mon 28, Tue 29, Wed 30
    assert due_on(date(2026, 12, 23), 5).date == date(2026, 12, 30)
    assert due_on(date(2026, 12, 23), 5).is_certain


@pytest.mark.parametrize(
    ("today", "left"),
    [("2026-09-30", 5), ("2026-10-09", 3), ("2026-10-12", 1), ("2026-10-13", 0), ("2026-10-14", -1), ("2026-10-17", -3)],
)  # fmt: skip
def test_working_days_left_until_the_due_date(today: str, left: int) -> None:
    assert workdays_left(date.fromisoformat(today), date(2026, 10, 13)) == left


@given(filed=st.dates(date(2005, 1, 1), date(2026, 11, 30)), days=st.integers(1, 15))
def test_exactly_so_many_working_days_lie_between_filing_and_the_due_date(filed: date, days: int) -> None:
    due = due_on(filed, days)
    between = [filed + timedelta(days=step) for step in range(1, (due.date - filed).days + 1)]
    assert sum(is_workday(day)[0] for day in between) == days == workdays_left(filed, due.date)
    assert is_workday(due.date)[0]
