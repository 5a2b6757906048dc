# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone
"""What is wrong with a source or its values is named, and nothing is written."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kpi_tasks.errors import ConfigError, DataError
from tests.source import extraction as ex

MISFITS = {
    "text in a number": ("pieces", "many"),
    "half a piece": ("pieces", 2.5),
    "empty text in a number": ("pieces", ""),
    "hexadecimal": ("pieces", "0x10"),
    "spaces around a number": ("pieces", " 3"),
    "digits of another script": ("pieces", "３"),
    "more than 64 bits": ("pieces", "9223372036854775808"),
    "infinity": ("pieces", float("inf")),
    "too many decimals": ("score", "87.355"),
    "too many digits": ("score", "1000"),
    "not a number": ("score", "NaN"),
    "comma for a point": ("score", "87,5"),
    "impossible day": ("ordered_at", "2026-10-32 10:00:00"),
    "impossible day of a short month": ("ordered_at", "2026-09-31 10:00:00"),
    "impossible hour": ("ordered_at", "2026-10-05 24:00:00"),
    "impossible offset": ("ordered_at", "2026-10-05 10:00:00+25:00"),
    "finer than a microsecond": ("ordered_at", "2026-10-05 10:00:00.1234567"),
    "day first": ("ordered_at", "5/10/2026 10:00"),
    "no date at all": ("ordered_at", "soon"),
    "30 February": ("due_on", "2026-02-30"),
    "31 November": ("due_on", "2026-11-31"),
    "a time in a date": ("due_on", "2026-10-05 10:00:00"),
    "year 0": ("due_on", "0000-01-01"),
    "yes for true": ("is_urgent", "yes"),
    "two for true": ("is_urgent", 2),
    "bytes that are no text": ("note", b"\xff\xfe"),
}


@pytest.mark.parametrize(("column", "value"), MISFITS.values(), ids=MISFITS)
def test_a_value_that_does_not_fit_is_named(tmp_path: Path, column: str, value: object) -> None:
    rows = [ex.order("R-1"), ex.order("R-2", **{column: value}), ex.order("R-3")]
    error = ex.failure(DataError, ex.sqlite_source(tmp_path / "a.db", rows), tmp_path / "out")
    [fault] = error.faults
    shown = {b"\xff\xfe": r"\xff\xfe", float("inf"): "Inf"}.get(value, str(value))  # type: ignore[call-overload]
    assert fault.where == {"table": "orders", "key": "R-2", "column": column, "value": shown}
    assert ex.TYPES[column] in fault.what
    assert fault.expected
    assert fault.action


FITTING = {
    "int as float": ("pieces", 3.0, 3),
    "int with zeros": ("pieces", "3.00", 3),
    "int with an exponent": ("pieces", "3e2", 300),
    "int with a plus": ("pieces", "+3", 3),
    "least int": ("pieces", -(2**63), -(2**63)),
    "decimal with zeros": ("score", "87.3500", Decimal("87.35")),
    "decimal as float": ("score", 87.35, Decimal("87.35")),
    "greatest decimal": ("score", "999.99", Decimal("999.99")),
    "negative zero": ("score", "-0", Decimal(0)),
    "timestamp without time": ("ordered_at", "2026-10-05", datetime(2026, 10, 5)),
    "timestamp with zeros": (
        "ordered_at",
        "2026-10-05 10:00:00.120000000",
        datetime(2026, 10, 5, 10, 0, 0, 120_000),
    ),
    "date with midnight": ("due_on", "2026-10-05 00:00:00", datetime(2026, 10, 5).date()),
    "true in capitals": ("is_urgent", "TRUE", True),
}


@pytest.mark.parametrize(("column", "value", "expected"), FITTING.values(), ids=FITTING)
def test_a_value_written_otherwise_fits(tmp_path: Path, column: str, value: object, expected: object) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", [ex.order("R-1", **{column: value})])
    assert ex.rows_of(ex.extracted(url, tmp_path / "out"))[0][column] == expected


def test_all_faults_of_a_record_type_come_together_and_are_counted(tmp_path: Path) -> None:
    rows = [ex.order(f"R-{n:03d}", pieces="x", due_on="2026-02-30" if n < 3 else None) for n in range(25)]
    error = ex.failure(DataError, ex.sqlite_source(tmp_path / "a.db", rows), tmp_path / "out")
    pieces = [fault for fault in error.faults if fault.where["column"] == "pieces"]
    assert len(pieces) == 21
    assert [fault.where["key"] for fault in pieces[:20]] == [f"R-{n:03d}" for n in range(20)]
    assert pieces[-1].where["count"] == 25
    assert "5 more" in pieces[-1].what
    assert len(error.faults) == 21 + 3


def test_a_neighbouring_months_faults_are_not_ours(tmp_path: Path) -> None:
    rows = [ex.order("R-1"), ex.order("R-2", ordered_at="2026-11-01 00:00:00", pieces="x")]
    file = ex.extracted(ex.sqlite_source(tmp_path / "a.db", rows), tmp_path / "out")
    assert ex.ids(file) == ["R-1"]


@pytest.mark.parametrize("at", ["2026-13-05 10:00:00", "20261005", "", None])
def test_undated_records_do_not_vanish(tmp_path: Path, at: str | None) -> None:
    # 2026-13-05 sorts behind every day of 2026: the next January finds it
    url = ex.sqlite_source(tmp_path / "a.db", [ex.order("R-1", ordered_at=at)])
    sql = ex.SQL.replace(":scan_end", "'2027-02-03'")
    if at is None:
        assert ex.ids(ex.extracted(url, tmp_path / "out", sql)) == ["R-1"]  # validation rejects it
    else:
        assert "R-1" in str(ex.failure(DataError, url, tmp_path / "out", sql))


@pytest.mark.postgres
def test_postgresql_values_that_do_not_fit(tmp_path: Path, postgres_url: str) -> None:
    rows = [
        ex.order("R-1", ordered_at="infinity"),
        ex.order("R-2", due_on="-infinity"),
        ex.order("R-3", score=Decimal("NaN")),
        ex.order("R-4", pieces=Decimal("2.5")),
        ex.order("R-5"),
    ]
    types = {"score": "numeric", "pieces": "numeric"}
    sql = f"select {', '.join(ex.TYPES)} from orders"
    url = ex.server_source(postgres_url, rows, types)
    error = ex.failure(DataError, url, tmp_path / "out", sql)
    assert [(fault.where["key"], fault.where["column"]) for fault in error.faults] == [
        ("R-1", "ordered_at"),
        ("R-4", "pieces"),
        ("R-3", "score"),
        ("R-2", "due_on"),
    ]


WRONG_SQL = {
    "no such table": ("select * from parcels", DataError, "parcels"),
    "no such column": ("select o.*, weight from orders o", DataError, "weight"),
    "column not given": ("select record_id, team_id from orders", ConfigError, "ordered_at"),
    "not SQL": ("selec * from orders", ConfigError, "selec"),
    "empty": ("-- nothing\n;", ConfigError, "empty"),
    "unknown bind": ("select * from orders where ordered_at > :month_start", ConfigError, ":month_start"),
    "a write": ("delete from orders returning *", ConfigError, "orders"),
    "two statements": ("select * from orders; drop table orders", ConfigError, ""),
}


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "duckdb", "csv"])
def test_sql_that_does_not_fit_the_source(tmp_path: Path, postgres_url: str, engine: str) -> None:
    rows = [ex.order("R-1")]
    url = {
        "sqlite": lambda: ex.sqlite_source(tmp_path / "a.db", rows),
        "postgresql": lambda: ex.server_source(postgres_url, rows),
        "duckdb": lambda: ex.duckdb_source(tmp_path / "a.duckdb", rows),
        "csv": lambda: ex.csv_source(tmp_path / "csv", rows),
    }[engine]()
    for sql, kind, named in WRONG_SQL.values():
        message = str(ex.failure(kind, url, tmp_path / "out", sql))
        assert named in message
        assert "do:" in message
    assert ex.extracted(url, tmp_path / "out").row_count == 1


def test_a_missing_table_and_column_are_named_with_the_place(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", [])
    [fault] = ex.failure(DataError, url, tmp_path / "out", "select * from parcels").faults
    assert fault.where["table"] == "parcels"
    assert str(tmp_path / "a.db") in str(fault.where["source"])
    assert "no such table" in str(fault.where["reason"])
    sql = "select nope from orders join orders o2 on o2.team_id = orders.team_id -- from afar"
    [fault] = ex.failure(DataError, url, tmp_path / "out", sql).faults
    assert (fault.where["table"], fault.where["column"]) == ("orders", "nope")


@pytest.mark.postgres
def test_a_query_that_fails_on_the_records(tmp_path: Path, postgres_url: str) -> None:
    url = ex.server_source(postgres_url, [ex.order("R-1", note="x")])
    sql = ex.SQL.replace("select record_id", "select cast(note as int) as n, record_id")
    file = ex.extracted(url, tmp_path / "fine", sql)  # not asked for, so not computed
    assert file.row_count == 1
    sql = ex.SQL.replace("pieces", "cast(note as int) as pieces")
    assert 'integer: "x"' in str(ex.failure(DataError, url, tmp_path / "out", sql))
