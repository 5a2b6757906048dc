"""The first days of a month: late records are counted each night; by the 5th the month is due, and who hears of it if not."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kpi_tasks.airflow_plugin import MonthPublishedBy
from tests.dags.test_mail import ask

SHANGHAI = MonthPublishedBy(5, "Asia/Shanghai")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Runs made by Airflow, and their deadlines."""
    return ask("deadline", tmp_path_factory.mktemp("deadline"))[0]


@pytest.mark.parametrize(
    ("key", "period", "deadline"),
    [
        ("2026-10", None, "2026-11-05T16:00:00+00:00"),  # the end of the 5th in Shanghai
        (None, "2026-12", "2027-01-05T16:00:00+00:00"),
        ("2026-10", "2026-10", "2026-11-05T16:00:00+00:00"),
        ("2026-10", "2026-09", None),
        (None, None, None),
        ("", "", None),
        ("2026-3", None, None),
        ("{{ evil }}", None, None),
    ],
)
def test_the_end_of_the_day_in_the_scheme_s_zone(
    key: str | None, period: str | None, deadline: str | None
) -> None:
    found = SHANGHAI.deadline_of(key, period)
    assert (found.astimezone(UTC).isoformat() if found else None) == deadline


def test_a_day_that_the_month_lacks_is_no_deadline() -> None:
    assert MonthPublishedBy(31, "UTC").deadline_of("2026-01", None) is None


def test_what_the_scheduler_stores_is_read_back() -> None:
    again = MonthPublishedBy.deserialize_reference(SHANGHAI.serialize_reference())
    assert (again.day, again.time_zone) == (5, "Asia/Shanghai")


@pytest.mark.airflow
@pytest.mark.parametrize("name", ["by key", "by form"])
def test_a_run_has_the_deadline_of_its_month(stored: dict[str, Any], name: str) -> None:
    year, month = map(int, stored["month"].split("-"))
    following = date(year, month, calendar.monthrange(year, month)[1]) + timedelta(days=1)
    due = datetime(following.year, following.month, 5, 16, tzinfo=UTC)
    assert [datetime.fromisoformat(text) for text in stored["runs"][name]] == [due]


@pytest.mark.airflow
@pytest.mark.parametrize("name", ["past", "backfill", "two months", "no month", "not a month"])
def test_a_run_that_cannot_be_in_time_or_need_not_has_none(stored: dict[str, Any], name: str) -> None:
    assert stored["runs"][name] == []


@pytest.mark.airflow
def test_a_missed_deadline_is_mailed_once_whatever_the_number_of_runs(stored: dict[str, Any]) -> None:
    path, month = "kpi_tasks.airflow_deadline.deadline_missed", f"{stored['month']} of customer_service"
    assert stored["missed"] == [
        ["TriggererCallback", path, f"{month} is not published; 3 mails were sent"],
        ["TriggererCallback", path, f"{month} is not published; 0 mails were sent"],
    ]
    assert stored["to"] == ["eng1@example.com", "eng2@example.com", "hr@example.com"]
    assert len(stored["subjects"]) == 1
    assert "Deadline missed: the results of" in stored["subjects"][0]


@pytest.mark.airflow
def test_late_records_run_last_month_again_on_the_first_nights(stored: dict[str, Any]) -> None:
    expected = [
        [f"{year}-{month:02d}-{day:02d} 00:00", last]
        for year, month, last in [
            (2026, 12, "2026-11"),
            (2027, 1, "2026-12"),
            (2027, 2, "2027-01"),
            (2027, 3, "2027-02"),
        ]
        for day in (2, 3, 4, 5)
    ]
    assert stored["nights"] == expected
