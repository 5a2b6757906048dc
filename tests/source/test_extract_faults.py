"""What is wrong with a source or its values is named, and nothing is written."""

from __future__ import annotations

# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone

import sqlite3
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi_tasks.errors import ConfigError, DataError, UnreachableError
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


def test_a_source_that_is_missing_stays_missing(tmp_path: Path) -> None:
    for name, scheme in (("a.db", "sqlite"), ("a.duckdb", "duckdb")):
        message = str(ex.failure(UnreachableError, f"{scheme}:///{tmp_path / name}", tmp_path / "out"))
        assert name in message
        assert not (tmp_path / name).exists()
    assert "gone" in str(ex.failure(UnreachableError, (tmp_path / "gone").as_uri(), tmp_path / "out"))


def test_a_source_that_is_locked_by_another_process(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", [ex.order("R-1")])
    hold = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('begin exclusive');"
        " print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(tmp_path / "a.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        error = ex.failure(UnreachableError, url, tmp_path / "out")
    assert "locked" in str(error)
    assert error.is_transient


def test_a_source_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database" * 100)
    assert "a.db" in str(ex.failure(UnreachableError, f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "out"))
    assert str(tmp_path) in str(ex.failure(UnreachableError, f"sqlite:///{tmp_path}", tmp_path / "out"))
    (tmp_path / "empty.db").touch()
    assert "orders" in str(ex.failure(DataError, f"sqlite:///{tmp_path / 'empty.db'}", tmp_path / "out"))


@pytest.mark.postgres
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://kpi:hunter%402@127.0.0.1:9/kpi",
        "postgresql+psycopg://kpi:hunter%402@no-such-host.invalid/kpi",
        "postgresql+psycopg://kpi:hunter%402@/kpi?host=/no/such/folder",
        "postgresql://kpi@127.0.0.1:9/kpi?password=hunter%402",
        "postgresql://kpi:hunter%402@127.0.0.1:9/kpi?no_such_option=1",
    ],
)
def test_a_server_that_is_down_and_its_password(tmp_path: Path, url: str) -> None:
    message = str(ex.failure(UnreachableError, url, tmp_path / "out"))
    assert "server could not be reached" in message
    assert "hunter" not in message


@pytest.mark.parametrize(
    "url", ["sqlite://", "nonsense", "nosuchengine://u:hunter2@h/d", "file://host/folder", "file:x"]
)
def test_a_url_that_cannot_be_used(tmp_path: Path, url: str) -> None:
    assert "hunter2" not in str(ex.failure(ConfigError, url, tmp_path / "out"))


@pytest.mark.postgres
def test_the_server_loses_the_connection_while_reading(tmp_path: Path, postgres_url: str) -> None:
    url = ex.server_source(postgres_url, [ex.order("R-1")])
    sql = (
        "select o.* from orders o join generate_series(1, 3) n on true"
        " where pg_terminate_backend(pg_backend_pid()) is null or o.record_id is not null"
    )
    message = str(ex.failure(UnreachableError, url, tmp_path / "out", sql))
    assert "could not be read" in message


def test_a_write_ahead_log_is_read_too(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", [])
    writer = sqlite3.connect(tmp_path / "a.db")
    writer.execute("pragma journal_mode = wal")
    row = [ex.text_of(value) for value in ex.order("R-1").values()]
    writer.execute(f"insert into orders values ({', '.join('?' * len(row))})", row)
    writer.commit()
    assert ex.ids(ex.extracted(url, tmp_path / "out")) == ["R-1"]
    writer.close()


@pytest.mark.postgres
def test_the_whole_url_reaches_the_server(tmp_path: Path, postgres_url: str) -> None:
    url = sa.make_url(ex.server_source(postgres_url, [ex.order("R-1")]))
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("create role \"o'neil @ home\" login superuser password 'p/w:@ ?'"))
    other = url.set(username="o'neil @ home", password="p/w:@ ?").update_query_dict(
        {"application_name": "kpi x"}
    )
    assert ex.extracted(other.render_as_string(hide_password=False), tmp_path / "out").row_count == 1
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text('drop role "o\'neil @ home"'))
