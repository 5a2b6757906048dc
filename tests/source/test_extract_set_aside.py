# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone
"""Records that the query sets aside: counted by reason, kept beside, never in the month."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from kpi_tasks.errors import DataError
from kpi_tasks.source.extract import ExtractedFile
from tests.source import extraction as ex

SQL = (
    "select o.*, case when team_id is null then 'no team' when member_id is null then 'no member' end"
    f" as set_aside_reason from ({ex.SQL.strip().removesuffix(';')}) o"
)


def set_aside_rows(file: ExtractedFile) -> list[dict[str, Any]]:
    assert file.set_aside_path
    rows: list[dict[str, Any]] = pq.read_table(file.set_aside_path).to_pylist()
    return rows


def orders() -> list[dict[str, Any]]:
    return [
        ex.order("R-5", team_id=None, pieces="x"),
        ex.order("R-1"),
        ex.order("R-4", member_id=None, ordered_at=None),
        ex.order("R-3", team_id=None, ordered_at=datetime(2026, 11, 1)),
        ex.order("R-2", team_id=None, member_id=None),
    ]


def test_records_in_are_records_kept_and_set_aside(tmp_path: Path) -> None:
    file = ex.extracted(ex.sqlite_source(tmp_path / "a.db", orders()), tmp_path / "out", SQL)
    assert ex.ids(file) == ["R-1"]
    assert file.set_aside == {"no member": 1, "no team": 2}
    assert file.row_count + sum(file.set_aside.values()) == len(orders()) - 1  # R-3 is of November
    assert [(row["record_id"], row["set_aside_reason"], row["pieces"]) for row in set_aside_rows(file)] == [
        ("R-2", "no team", "3"),
        ("R-4", "no member", "3"),
        ("R-5", "no team", "x"),  # what does not fit stays as it came, and is no fault
    ]


@pytest.mark.postgres
def test_the_order_and_the_engine_do_not_matter(tmp_path: Path, postgres_url: str) -> None:
    rows = [row for row in orders() if row["pieces"] != "x"]
    urls = [
        ex.sqlite_source(tmp_path / "a.db", rows),
        ex.sqlite_source(tmp_path / "b.db", rows[::-1]),
        ex.server_source(postgres_url, rows),
        ex.csv_source(tmp_path / "csv", rows),
    ]
    files = [ex.extracted(url, tmp_path / f"out{n}", SQL) for n, url in enumerate(urls)]
    assert len({file.content_hash for file in files}) == 1
    assert len({str(set_aside_rows(file)) for file in files}) == 1


def test_they_are_part_of_the_id(tmp_path: Path) -> None:
    all_rows, fewer = orders(), orders()[1:]
    files = [
        ex.extracted(ex.sqlite_source(tmp_path / f"{n}.db", rows), tmp_path / "out", SQL)
        for n, rows in enumerate([all_rows, fewer])
    ]
    assert ex.ids(files[0]) == ex.ids(files[1])
    assert files[0].content_hash != files[1].content_hash


def test_none_set_aside(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", [ex.order("R-1")])
    file = ex.extracted(url, tmp_path / "out", SQL)
    assert (file.set_aside, file.set_aside_path) == ({}, None)
    assert file.content_hash == ex.extracted(url, tmp_path / "out").content_hash
    empty = SQL.replace("end as set_aside_reason", "else '' end as set_aside_reason")  # as good as null
    assert empty != SQL
    assert ex.extracted(url, tmp_path / "out", empty).content_hash == file.content_hash


def test_a_fault_in_what_is_kept_is_still_a_fault(tmp_path: Path) -> None:
    rows = [*orders(), ex.order("R-9", pieces="y")]
    error = ex.failure(DataError, ex.sqlite_source(tmp_path / "a.db", rows), tmp_path / "out", SQL)
    assert [fault.where["key"] for fault in error.faults] == ["R-9"]
