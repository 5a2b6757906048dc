# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone
"""Orders for tests of extraction: the same records in every kind of source, and how they are extracted."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from kpi_tasks.errors import KpiError
from kpi_tasks.period import Period
from kpi_tasks.source.extract import ExtractedFile, extract
from kpi_tasks.source.records import Column, RecordType
from tests.source.workbook import write_excel

Row = Mapping[str, Any]

OCTOBER = Period(2026, 10)
TIME_ZONE = "Asia/Shanghai"
TYPES = {
    "record_id": "text",
    "team_id": "text",
    "member_id": "text",
    "ordered_at": "timestamp",
    "pieces": "int",
    "score": "decimal(5,2)",
    "due_on": "date",
    "is_urgent": "bool",
    "note": "text",
}
ORDERS = RecordType(
    name="orders",
    kind="work",
    key=("record_id",),
    belongs_by="ordered_at",
    columns={name: Column(type=kind) for name, kind in TYPES.items()},
)
SQL = f"""
select {", ".join(TYPES)}
from orders -- of the department
where (ordered_at >= :scan_start and ordered_at < :scan_end)
    or ordered_at is null
    or cast(ordered_at as text) not like '20__-__-__%';
"""
SERVER_TYPES = {
    "text": "text",
    "int": "bigint",
    "decimal(5,2)": "numeric(5,2)",
    "timestamp": "timestamp",
    "date": "date",
    "bool": "boolean",
}


def order(record_id: str | None, **changes: Any) -> dict[str, Any]:
    """One good order of 5 October, with changes."""
    row: dict[str, Any] = {
        "record_id": record_id,
        "team_id": "T1",
        "member_id": "M1",
        "ordered_at": datetime(2026, 10, 5, 9, 30),
        "pieces": 3,
        "score": Decimal("87.50"),
        "due_on": date(2026, 10, 9),
        "is_urgent": True,
        "note": "好",
    }
    return row | changes


def mixed_orders() -> list[dict[str, Any]]:
    """Orders with what engines write differently: zeros, nulls, negatives, microseconds, many scripts."""
    return [
        order("R-2", ordered_at=datetime(2026, 10, 1)),
        order("R-10", ordered_at=datetime(2026, 10, 31, 23, 59, 59, 999_999), score=Decimal("0.10")),
        order("r-1", pieces=-7, score=Decimal("-999.99"), is_urgent=False, note='a,b"c\nd'),
        order("王芳", pieces=2**63 - 1, score=Decimal(100), note="𠮷 é ß"),
        order("R-1", pieces=None, score=None, due_on=None, is_urgent=None, note=None),
        order("Z", pieces=0, score=Decimal(0), due_on=date(1999, 12, 31), note=" padded "),
        order("z", ordered_at=datetime(2026, 9, 30, 23, 59, 59)),  # of September
        order("y", ordered_at=datetime(2026, 11, 1)),  # of November
    ]


def text_of(value: Any) -> Any:
    """A value as SQLite and CSV hold it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value) if isinstance(value, Decimal | date) else value


def sqlite_source(path: Path, rows: Iterable[Row]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"create table orders ({', '.join(TYPES)})")
        values = [[text_of(row[name]) for name in TYPES] for row in rows]
        connection.executemany(f"insert into orders values ({', '.join('?' for _ in TYPES)})", values)
        connection.commit()
    return f"sqlite:///{path}"


def server_source(url: str, rows: Iterable[Row], types: Mapping[str, str] | None = None) -> str:
    """Fill a database with typed columns; ``types`` changes some."""
    engine = sa.create_engine(url)
    kinds = {name: SERVER_TYPES[kind] for name, kind in TYPES.items()} | dict(types or {})
    with engine.begin() as connection:
        connection.execute(
            sa.text(f"create table orders ({', '.join(f'{n} {k}' for n, k in kinds.items())})")
        )
        insert = sa.text(f"insert into orders values ({', '.join(f':{name}' for name in TYPES)})")
        if values := [dict(row) for row in rows]:
            connection.execute(insert, values)
    engine.dispose()
    return url


def duckdb_source(path: Path, rows: Iterable[Row]) -> str:
    columns = ", ".join(f"{name} {SERVER_TYPES[kind]}" for name, kind in TYPES.items())
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table orders ({columns})")
        for row in rows:
            connection.execute(
                f"insert into orders values ({', '.join('?' for _ in TYPES)})", list(row.values())
            )
    return f"duckdb:///{path}"


def csv_source(folder: Path, rows: Iterable[Row]) -> str:
    folder.mkdir(parents=True)
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TYPES)
        writer.writerows([text_of(row[name]) for name in TYPES] for row in rows)
    return folder.as_uri()


def parquet_source(folder: Path, rows: Iterable[Row]) -> str:
    folder.mkdir(parents=True)
    kinds = {
        "text": pa.string(),
        "int": pa.int64(),
        "decimal(5,2)": pa.decimal128(5, 2),
        "timestamp": pa.timestamp("us"),
        "date": pa.date32(),
        "bool": pa.bool_(),
    }
    schema = pa.schema([(name, kinds[kind]) for name, kind in TYPES.items()])
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema), folder / "orders.parquet")
    return folder.as_uri()


def excel_source(folder: Path, rows: Iterable[Row]) -> str:
    folder.mkdir(parents=True)
    table = [list(TYPES), *[[row[name] for name in TYPES] for row in rows]]
    write_excel(folder / "orders.xlsx", {"Tabelle1": table, "Tabelle2": []})
    return folder.as_uri()


def extracted(
    url: str, folder: Path, sql: str = SQL, kind: RecordType = ORDERS, **more: Any
) -> ExtractedFile:
    """Extract October."""
    return extract(url, kind, sql, OCTOBER, TIME_ZONE, folder, **more)


def failure(kind: type[KpiError], url: str, folder: Path, sql: str = SQL, **more: Any) -> KpiError:
    """Extract October, which must fail with exactly that kind of error and leave no file."""
    with pytest.raises(KpiError) as caught:
        extracted(url, folder, sql, **more)
    assert type(caught.value) is kind, caught.value
    assert not [path for path in folder.rglob("*") if path.is_file()]
    return caught.value


def rows_of(file: ExtractedFile) -> list[dict[str, Any]]:
    """The records as they were frozen."""
    rows: list[dict[str, Any]] = pq.read_table(file.path).to_pylist()
    return rows


def ids(file: ExtractedFile) -> list[str]:
    return [row["record_id"] for row in rows_of(file)]
