# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone
"""The month is half-open in the local time of the scheme's zone; offsets are honoured."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from kpi_tasks.source.extract import extract
from tests.source import extraction as ex

LOCAL = {
    "2026-09-30 23:59:59.999999": False,
    "2026-10-01": True,
    "2026-10-01T00:00:00": True,
    "2026-10-31 23:59:59.999999": True,
    "2026-11-01 00:00:00": False,
}
ZONED = {
    # local time in Shanghai is UTC+8
    "2026-09-30T15:59:59Z": False,
    "2026-09-30T16:00:00Z": True,
    "2026-10-31T15:59:59.999999Z": True,
    "2026-10-31T16:00:00Z": False,
    "2026-10-01 01:00:00+09:00": True,
    "2026-10-01 00:59:59+09:00": False,
    "2026-09-30 06:00:00-1000": True,
    "2026-10-31 06:00:00-10:00": False,
    "2026-11-01 05:59:59+14": True,
    "2026-11-01 06:00:00 +14:00": False,
}


def test_the_month_is_half_open_in_local_time(tmp_path: Path) -> None:
    boundaries = LOCAL | ZONED
    rows = [ex.order(at, ordered_at=at) for at in boundaries]
    file = ex.extracted(ex.sqlite_source(tmp_path / "a.db", rows), tmp_path / "out")
    assert set(ex.ids(file)) == {at for at, is_inside in boundaries.items() if is_inside}
    moved = {row["record_id"]: row["ordered_at"] for row in ex.rows_of(file)}
    assert moved["2026-09-30T16:00:00Z"] == datetime(2026, 10, 1)
    assert moved["2026-10-31T15:59:59.999999Z"] == datetime(2026, 10, 31, 23, 59, 59, 999_999)


@pytest.mark.postgres
def test_timestamps_with_time_zone_become_local(tmp_path: Path, postgres_url: str) -> None:
    rows = [ex.order(at, ordered_at=at) for at in ZONED]
    url = ex.server_source(postgres_url, rows, {"ordered_at": "timestamptz"})
    file = ex.extracted(url, tmp_path / "out")
    assert set(ex.ids(file)) == {at for at, is_inside in ZONED.items() if is_inside}
    as_text = ex.extracted(ex.sqlite_source(tmp_path / "a.db", rows), tmp_path / "out")
    assert file.content_hash == as_text.content_hash


def test_far_zones_are_within_the_scan(tmp_path: Path) -> None:
    at = "2026-11-02 01:59:59+14:00"  # still October where the day ends last
    url = ex.sqlite_source(tmp_path / "a.db", [ex.order("R", ordered_at=at)])
    file = extract(url, ex.ORDERS, ex.SQL, ex.OCTOBER, "Etc/GMT+12", tmp_path / "out")
    assert ex.rows_of(file)[0]["ordered_at"] == datetime(2026, 10, 31, 23, 59, 59)


def test_a_clock_that_is_put_back_has_one_local_time_for_two_moments(tmp_path: Path) -> None:
    at = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]
    url = ex.sqlite_source(tmp_path / "a.db", [ex.order(value, ordered_at=value) for value in at])
    file = extract(url, ex.ORDERS, ex.SQL, ex.OCTOBER, "Europe/Berlin", tmp_path / "out")
    assert [row["ordered_at"].hour for row in ex.rows_of(file)] == [2, 2, 3]
