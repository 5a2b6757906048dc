"""Fast inserts of whole result tables, inside the caller's transaction."""

from __future__ import annotations

import io
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Table

from kpi_tasks.results.frames import result_columns, sqlite_values


def insert_rows(
    connection: Connection, table: Table, evaluation_id: str, rows: Any, values: dict[str, list[Any]]
) -> None:
    """Insert a result table's rows (Arrow form, and its plain values by column) under an evaluation's id."""
    if rows.num_rows == 0:
        return
    if connection.dialect.name == "sqlite":
        _insert_into_sqlite(connection, table, evaluation_id, rows, values)
    else:
        _copy_into_postgres(connection, table, evaluation_id, rows)


def _insert_into_sqlite(
    connection: Connection, table: Table, evaluation_id: str, rows: Any, values: dict[str, list[Any]]
) -> None:
    columns = result_columns(table)
    names = ", ".join(["evaluation_id", *(column.name for column in columns)])
    marks = ", ".join("?" * (len(columns) + 1))
    lists = [sqlite_values(table, rows, column, values[column.name]) for column in columns]
    # Names come from tables.py, values are bound. The driver takes the rows one by one, so no list of them is made.
    statement = f"insert into {table.name} ({names}) values ({marks})"  # noqa: S608
    driver_connection: Any = connection.connection.driver_connection
    driver_connection.executemany(
        statement, zip(repeat(evaluation_id, rows.num_rows), *lists, strict=True)
    ).close()


def _copy_into_postgres(connection: Connection, table: Table, evaluation_id: str, rows: Any) -> None:
    from pyarrow import csv

    columns = result_columns(table)
    arrays = [pa.repeat(evaluation_id, rows.num_rows)]
    for column in columns:
        array = rows.column(column.name).combine_chunks()
        arrays.append(_as_decimal(array) if column.kind == "exact" else array)
    names = ["evaluation_id", *(column.name for column in columns)]
    buffer = io.BytesIO()
    # Every value in quotes, null as nothing at all: so an empty text stays a text.
    options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
    csv.write_csv(pa.table(arrays, names=names), buffer, options)
    driver_connection: Any = connection.connection.driver_connection
    with (
        driver_connection.cursor() as cursor,
        cursor.copy(f"copy {table.name} ({', '.join(names)}) from stdin (format csv)") as copy,
    ):
        copy.write(buffer.getbuffer())


def _as_decimal(micros: Any) -> Any:
    """Read millionths as decimals of six places: the same digits, widened to 128 bits."""
    low = micros.fill_null(0).to_numpy()
    wide = np.empty((len(low), 2), dtype="int64")
    wide[:, 0] = low
    wide[:, 1] = low >> 63  # the sign
    valid = None
    if micros.null_count:
        valid = pa.array(micros.is_valid().to_numpy(zero_copy_only=False)).buffers()[1]
    return pa.Array.from_buffers(pa.decimal128(18, 6), len(low), [valid, pa.py_buffer(wide)])
