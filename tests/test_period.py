from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tasks.errors import UsageError
from kpi_tasks.period import Period, month_range

periods = st.builds(Period, st.integers(2000, 2098), st.integers(1, 12))


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-00",
        "2026-3",
        "1999-12",
        "2100-01",
        "2026-10 ",
        "2026-1０",
        "202610",
        "2026-10-01",
        "",
        "now",
    ],
)
def test_anything_but_a_month_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Period.parse(text)
    assert repr(text) in str(caught.value)
    assert "YYYY-MM" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "start", "end", "days"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 11, 1), 31),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1), 31),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1), 29),
        ("2026-02", date(2026, 2, 1), date(2026, 3, 1), 28),
    ],
)
def test_a_month_is_half_open(text: str, start: date, end: date, days: int) -> None:
    period = Period.parse(text)
    assert (period.start, period.end, period.days, period.key) == (start, end, days, text)


@given(periods, st.integers(-24, 24))
def test_shifting_there_and_back_changes_nothing(period: Period, months: int) -> None:
    assert period.shift(months).shift(-months) == period
    assert period.next().previous() == period


@given(periods, st.integers(0, 30))
def test_a_range_lists_each_month_once_in_order(first: Period, count: int) -> None:
    months = month_range(first, first.shift(count))
    assert len(months) == count + 1
    assert months == sorted(set(months))


def test_a_range_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        month_range(Period(2026, 2), Period(2026, 1))
