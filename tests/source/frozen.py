"""Parquet files as a frozen snapshot has them: one a record type, typed as the scheme file declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kpi_tasks.source.records import Column, RecordType, RecordTypes

Row = Mapping[str, object]


def freeze(folder: Path, record_types: RecordTypes, records: Mapping[str, Iterable[Row]]) -> dict[str, Path]:
    """Write one file a record type (empty where there are no records); values may be text, as in a CSV."""
    return {
        name: write(folder / f"{name}.parquet", kind, records.get(name, ()))
        for name, kind in record_types.items()
    }


def write(path: Path, record_type: RecordType, rows: Iterable[Row]) -> Path:
    """Write the rows of one record type; columns left out are null."""
    listed = list(rows)
    arrays = [
        pa.array([typed(column, row.get(name)) for row in listed], arrow_type(column))
        for name, column in record_type.columns.items()
    ]
    pq.write_table(pa.table(arrays, names=list(record_type.columns)), path)
    return path


def arrow_type(column: Column) -> pa.DataType:
    """Return the Arrow type of a declared column."""
    if column.decimal:
        return pa.decimal128(*column.decimal)
    kinds = {
        "text": pa.string(),
        "int": pa.int64(),
        "timestamp": pa.timestamp("us"),
        "date": pa.date32(),
        "bool": pa.bool_(),
    }
    return kinds[column.type]


def typed(column: Column, value: object) -> object:
    """Turn text into the declared type."""
    if not isinstance(value, str) or column.type == "text":
        return value
    if column.decimal:
        return Decimal(value)
    return {"int": int, "timestamp": datetime.fromisoformat, "date": date.fromisoformat}[column.type](value)
