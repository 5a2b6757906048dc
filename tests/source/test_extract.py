# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone
"""Extraction: the same records give the same file, whatever the engine; the month is half-open in local time."""

from __future__ import annotations

import json
import random
import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kpi_tasks.period import Period
from kpi_tasks.source.extract import ExtractedFile, count_months
from kpi_tasks.source.records import Column, RecordType
from tests.source import extraction as ex

EXPECTED_IDS = ["R-1", "R-10", "R-2", "Z", "r-1", "王芳"]


@pytest.fixture
def sqlite_file(tmp_path: Path) -> ExtractedFile:
    return ex.extracted(ex.sqlite_source(tmp_path / "a.db", ex.mixed_orders()), tmp_path / "sqlite")


def test_the_file_holds_the_month_in_the_order_of_its_key(sqlite_file: ExtractedFile, tmp_path: Path) -> None:
    rows = ex.rows_of(sqlite_file)
    assert [row["record_id"] for row in rows] == EXPECTED_IDS
    by_id = {row["record_id"]: row for row in ex.mixed_orders()}
    assert rows == [by_id[record_id] for record_id in EXPECTED_IDS]
    assert sqlite_file.row_count == len(EXPECTED_IDS)
    assert sqlite_file.path == tmp_path / "sqlite" / "orders" / f"{sqlite_file.content_hash}.parquet"
    assert dict(sqlite_file.columns) == ex.TYPES


@pytest.mark.parametrize("engine", ["duckdb", "csv", "parquet", "excel"])
def test_every_engine_gives_the_same_content(sqlite_file: ExtractedFile, tmp_path: Path, engine: str) -> None:
    rows = ex.mixed_orders()
    if engine == "excel":  # whose numbers are floats, and whose days have milliseconds
        rows = [row | {"pieces": None} for row in rows if row["record_id"] not in ("R-10", "王芳", "Z")]
        plain = ex.extracted(ex.sqlite_source(tmp_path / "plain.db", rows), tmp_path / "plain")
        assert plain.row_count == 3
        expected = plain.content_hash
    else:
        expected = sqlite_file.content_hash
    make = {
        "duckdb": lambda: ex.duckdb_source(tmp_path / "b.duckdb", rows),
        "csv": lambda: ex.csv_source(tmp_path / "csv", rows),
        "parquet": lambda: ex.parquet_source(tmp_path / "parquet", rows),
        "excel": lambda: ex.excel_source(tmp_path / "excel", rows),
    }[engine]
    assert ex.extracted(make(), tmp_path / "other").content_hash == expected


@pytest.mark.postgres
@pytest.mark.parametrize("are_types_loose", [False, True])
def test_postgresql_gives_the_same_content(
    sqlite_file: ExtractedFile, tmp_path: Path, postgres_url: str, are_types_loose: bool
) -> None:
    loose = {"record_id": "varchar(40)", "team_id": "char(5)", "pieces": "numeric", "score": "float8"}
    url = ex.server_source(postgres_url, ex.mixed_orders(), loose if are_types_loose else None)
    file = ex.extracted(url, tmp_path / "postgresql")
    assert file.content_hash == sqlite_file.content_hash
    assert file.path.read_bytes() == sqlite_file.path.read_bytes()


def test_the_order_of_the_source_does_not_matter(sqlite_file: ExtractedFile, tmp_path: Path) -> None:
    for seed in range(3):
        rows = random.Random(seed).sample(ex.mixed_orders(), k=len(ex.mixed_orders()))
        file = ex.extracted(ex.sqlite_source(tmp_path / f"{seed}.db", rows), tmp_path / f"{seed}")
        assert file.content_hash == sqlite_file.content_hash
        assert file.path.read_bytes() == sqlite_file.path.read_bytes()


def test_records_with_the_same_key_are_kept_and_ordered(tmp_path: Path) -> None:
    rows = [ex.order("R", pieces=2), ex.order("R", pieces=1), ex.order(None), ex.order("R", pieces=2)]
    files = [
        ex.extracted(ex.sqlite_source(tmp_path / f"{n}.db", some), tmp_path / f"{n}")
        for n, some in enumerate([rows, rows[::-1]])
    ]
    assert files[0].content_hash == files[1].content_hash
    assert [(row["record_id"], row["pieces"]) for row in ex.rows_of(files[0])] == [
        (None, 3),
        ("R", 1),
        ("R", 2),
        ("R", 2),
    ]


@pytest.mark.parametrize(
    "change", [{"pieces": 4}, {"note": None}, {"record_id": "R-3"}, {"score": Decimal("87.51")}]
)
def test_any_change_of_a_value_changes_the_id(tmp_path: Path, change: dict[str, object]) -> None:
    before, after = [ex.order("R-1"), ex.order("R-2")], [ex.order("R-1"), ex.order("R-2") | change]
    hashes = {
        ex.extracted(ex.sqlite_source(tmp_path / f"{n}.db", rows), tmp_path / "out").content_hash
        for n, rows in enumerate([before, after])
    }
    assert len(hashes) == 2


def test_a_null_is_not_an_empty_text(tmp_path: Path) -> None:
    hashes = {
        ex.extracted(ex.sqlite_source(tmp_path / f"{n}.db", [row]), tmp_path / "out").content_hash
        for n, row in enumerate([ex.order("R", note=None), ex.order("R", note="")])
    }
    assert len(hashes) == 2


def test_an_empty_table_and_columns_of_nulls(tmp_path: Path, postgres_url: str) -> None:
    empty = dict.fromkeys(ex.TYPES)
    for rows in ([], [empty], [empty | {"record_id": f"R{n}"} for n in range(3)]):
        hashes = set()
        for url in (
            ex.sqlite_source(tmp_path / f"{len(rows)}.db", rows),
            ex.parquet_source(tmp_path / f"p{len(rows)}", rows),
        ):
            file = ex.extracted(url, tmp_path / "out")
            assert file.row_count == len(rows)
            hashes.add(file.content_hash)
        assert len(hashes) == 1
    assert ex.extracted(ex.server_source(postgres_url, []), tmp_path / "pg").row_count == 0


def test_text_after_a_long_run_of_nulls(tmp_path: Path) -> None:
    rows = [ex.order(f"R-{n:06d}", note="late" if n > 69_990 else None) for n in range(70_000)]
    file = ex.extracted(ex.sqlite_source(tmp_path / "a.db", rows), tmp_path / "out")
    assert sum(row["note"] == "late" for row in ex.rows_of(file)) == 9


def test_a_rerun_changes_nothing(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", ex.mixed_orders())
    first = ex.extracted(url, tmp_path / "out")
    before = first.path.stat()
    again = ex.extracted(url, tmp_path / "out")
    after = again.path.stat()
    assert again == first
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [path.name for path in first.path.parent.iterdir()] == [first.path.name]


def test_the_receipt_is_read_back_as_it_was_written(sqlite_file: ExtractedFile) -> None:
    assert ExtractedFile.from_json(json.loads(json.dumps(sqlite_file.to_json()))) == sqlite_file
    assert "'2026-10-01'" not in sqlite_file.query
    assert "'2026-09-29'" in sqlite_file.query


def test_records_of_earlier_months_are_counted(tmp_path: Path) -> None:
    rows = [
        *ex.mixed_orders(),
        ex.order("undated", ordered_at=None),
        ex.order("aside", ordered_at=datetime(2026, 9, 2), team_id=None),
    ]
    url = ex.sqlite_source(tmp_path / "a.db", rows[:-2])
    periods = [Period(2026, 9), Period(2026, 8), Period(2026, 11)]
    counts = {"2026-09": 1, "2026-08": 0, "2026-11": 1}
    file = ex.extracted(url, tmp_path / "out", prior_periods=periods)
    assert file.prior_counts == counts
    assert file.content_hash == ex.extracted(url, tmp_path / "out").content_hash
    sql = f"select o.*, case when team_id is null then 'no team' end as set_aside_reason from ({ex.SQL.strip()[:-1]}) o"
    other = ex.sqlite_source(tmp_path / "b.db", rows)
    assert count_months(other, ex.ORDERS, sql, periods, ex.TIME_ZONE) == counts


def test_the_source_is_not_changed(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", ex.mixed_orders())
    before = (tmp_path / "a.db").read_bytes()
    ex.extracted(url, tmp_path / "out")
    assert (tmp_path / "a.db").read_bytes() == before
    assert [path.name for path in tmp_path.glob("a.db*")] == ["a.db"]


def test_a_key_of_several_columns(tmp_path: Path) -> None:
    stays = RecordType(
        name="roster",
        kind="roster",
        key=("member_id", "team_id", "valid_from"),
        columns={
            "member_id": Column(type="text"),
            "team_id": Column(type="text"),
            "valid_from": Column(type="date"),
            "valid_to": Column(type="date"),
        },
    )
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("create table roster (member_id, team_id, valid_from, valid_to)")
        connection.executemany(
            "insert into roster values (?, ?, ?, null)",
            [
                ("M1", "T1", "2026-10-01"),
                ("M1", "T1", None),
                ("M1", None, "2026-10-01"),
                ("M0", "T9", "2026-10-02"),
            ],
        )
    file = ex.extracted(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "out", "select * from roster", stays)
    assert [(row["member_id"], row["team_id"], str(row["valid_from"])) for row in ex.rows_of(file)] == [
        ("M0", "T9", "2026-10-02"),
        ("M1", None, "2026-10-01"),
        ("M1", "T1", "None"),
        ("M1", "T1", "2026-10-01"),
    ]
