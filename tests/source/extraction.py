"""Orders for tests of extraction: the same records in every kind of source, and how they are extracted."""

from __future__ import annotations

# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone

import csv
import sqlite3
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from kpi_tasks.errors import KpiError
from kpi_tasks.period import Period
from kpi_tasks.source.extract import ExtractedFile, extract
from kpi_tasks.source.records import Column, RecordType

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


def write_excel(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Write a workbook as Excel does in outline: numbers are floats, dates are numbers with a style."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    numbers = range(1, len(sheets) + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
            + "".join(
                f'<Override PartName="/xl/s{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers
            )
            + "</Types>",
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" Type="{office}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{office}"><sheets>'
            + "".join(
                f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>'
                for n, name in zip(numbers, sheets, strict=True)
            )
            + "</sheets></workbook>",
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">'
            + "".join(
                f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="s{n}.xml"/>' for n in numbers
            )
            + f'<Relationship Id="r0" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        )
        book.writestr(
            "xl/styles.xml",
            f'<styleSheet {main}><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1">'
            '<border/></borders><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/>'
            "</cellXfs></styleSheet>",
        )
        for number, rows in zip(numbers, sheets.values(), strict=True):
            body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            book.writestr(f"xl/s{number}.xml", f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>")


def _cell(value: Any) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float | Decimal):
        return f"<c><v>{value}</v></c>"
    if isinstance(value, date):
        since = datetime.combine(value, datetime.min.time()) if not isinstance(value, datetime) else value
        return f'<c s="1"><v>{(since - datetime(1899, 12, 30)).total_seconds() / 86400!r}</v></c>'
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


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
