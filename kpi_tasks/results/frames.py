"""Between frames and table rows: types, order, and the limits of what can be stored exactly.

A result table is held as an Arrow table in the order of its key. That one form feeds the hash, SQLite's inserts and
PostgreSQL's COPY, so all three see the same values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Boolean, Column, Table

from kpi_tasks.errors import DataError, Fault
from kpi_tasks.exact import MICRO, to_decimal
from kpi_tasks.results import tables
from kpi_tasks.results.columntypes import SQLITE_EXACT_MICROS, Exact, sqlite_number

RESULT_TABLES: Final = (
    tables.team_results,
    tables.criterion_results,
    tables.member_results,
    tables.penalties,
)
"""The tables of an evaluation's frames, parents first."""

TEXT: Final = pd.Series(["text"]).dtype
"""pandas' own type of text: ``str`` from pandas 3 on, ``object`` before."""

_LISTED = 20  # so many faults of one kind are named
_MICROS_LIMIT = 10**18  # NUMERIC(18, 6) holds twelve digits before the point


@dataclass(frozen=True)
class ResultColumn:
    """One column of a result table and its counterpart in the frame."""

    name: str
    frame_name: str
    kind: str  # "text", "int", "exact" or "bool"
    is_nullable: bool
    is_label: bool

    @classmethod
    def of(cls, column: Column[Any]) -> ResultColumn:
        """Derive it from the table's column: exact numbers are whole millionths in frames."""
        if isinstance(column.type, Exact):
            kind, frame_name = "exact", f"{column.name}_micros"
        elif isinstance(column.type, Boolean):
            kind, frame_name = "bool", column.name
        else:
            kind, frame_name = "int" if column.type.python_type is int else "text", column.name
        return cls(column.name, frame_name, kind, bool(column.nullable), "label" in column.info)

    @property
    def arrow_type(self) -> Any:
        """The Arrow type: exact numbers are integers of millionths here too."""
        return {"text": pa.string(), "bool": pa.bool_()}.get(self.kind, pa.int64())

    @property
    def frame_type(self) -> Any:
        """The dtype in the frame."""
        if self.kind == "text":
            return TEXT
        if self.kind == "bool":
            return np.dtype("bool")
        return pd.Int64Dtype() if self.is_nullable else np.dtype("int64")


def result_columns(table: Table) -> list[ResultColumn]:
    """Return the columns of a result table that its frame has: all but the evaluation's id."""
    return [ResultColumn.of(column) for column in table.columns if column.name != "evaluation_id"]


def result_key(table: Table) -> list[str]:
    """Return the key within one evaluation."""
    return [column.name for column in table.primary_key if column.name != "evaluation_id"]


def to_arrow(table: Table, frame: pd.DataFrame) -> Any:
    """Turn a frame into an Arrow table: the columns of the result table, rows in the order of the key.

    Raises ``ValueError`` for a column that is missing, of another type, or null where it must not be (a fault of the
    program), and ``DataError`` for what the databases cannot store: too large a number, a NUL character in a text.
    """
    columns = result_columns(table)
    missing = [column.frame_name for column in columns if column.frame_name not in frame.columns]
    if missing:
        raise ValueError(f"{table.name}: the frame lacks {', '.join(missing)}")
    arrays = []
    for column in columns:
        try:
            array = pa.array(frame[column.frame_name], type=column.arrow_type, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeError) as error:
            raise ValueError(f"{table.name}.{column.frame_name}: {error}") from error
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if array.null_count and not column.is_nullable:
            raise ValueError(f"{table.name}.{column.frame_name}: {array.null_count} values are null")
        arrays.append(array)
    rows = pa.table(arrays, names=[column.name for column in columns])
    order = pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in result_key(table)])
    rows = rows.take(order).combine_chunks()
    for column in columns:
        if column.kind == "text":
            _refuse_nul(table, rows, column)
        if column.kind == "exact":
            _check_size(
                table,
                rows,
                column,
                _MICROS_LIMIT,
                "less than 1,000,000,000,000",
                "check the records behind it",
            )
    return rows


def plain_values(rows: Any, column: ResultColumn) -> list[Any]:
    """Return a column as Python values: text, whole numbers (millionths, flags as 0 and 1), ``None``."""
    array = rows.column(column.name)
    if column.kind == "bool":
        array = pc.cast(array, pa.int8())
    if column.kind == "text":
        values: list[Any] = array.to_pandas(types_mapper=None).to_numpy(dtype=object, na_value=None).tolist()
        return values
    return _with_nulls(array, array.fill_null(0).to_numpy())


def sqlite_values(table: Table, rows: Any, column: ResultColumn, plain: list[Any]) -> list[Any]:
    """Return a column as SQLite stores it: exact numbers as numbers, whole or with a fraction.

    Raises ``DataError`` for a fraction that SQLite's float would round.
    """
    if column.kind != "exact":
        return plain
    array = rows.column(column.name)
    micros = array.fill_null(0).to_numpy()
    if not len(micros) or int(np.abs(micros).max()) <= SQLITE_EXACT_MICROS:
        return _with_nulls(array, micros / MICRO)  # SQLite itself turns 104.0 into 104
    fractions = rows.filter(pc.not_equal(pc.multiply(pc.divide(array, MICRO), MICRO), array))
    expected = f"at most {SQLITE_EXACT_MICROS // MICRO:,} where it has a fraction"
    _check_size(table, fractions, column, SQLITE_EXACT_MICROS + 1, expected, "keep the results in PostgreSQL")
    return [None if value is None else sqlite_number(value) for value in plain]


def to_frame(table: Table, records: list[Any]) -> pd.DataFrame:
    """Turn rows read from a result table (in the order of ``result_columns``, exact numbers as millionths) into a frame."""
    columns = result_columns(table)
    values = list(zip(*records, strict=True)) if records else [()] * len(columns)
    data = {
        column.frame_name: pd.Series(list(column_values), dtype=column.frame_type)
        for column, column_values in zip(columns, values, strict=True)
    }
    frame, key = pd.DataFrame(data), result_key(table)
    if len(key) == 1 and frame[key[0]].is_monotonic_increasing:
        return frame
    return frame.sort_values(key, ignore_index=True)  # databases differ in how they order text


def _with_nulls(array: Any, values: Any) -> list[Any]:
    if array.null_count == 0:
        plain: list[Any] = values.tolist()
        return plain
    loose = values.astype(object)
    loose[array.is_null().to_numpy()] = None
    mixed: list[Any] = loose.tolist()
    return mixed


def _check_size(
    table: Table, rows: Any, column: ResultColumn, limit: int, expected: str, action: str
) -> None:
    array = rows.column(column.name)
    bad = pc.or_(pc.greater_equal(array, limit), pc.less_equal(array, -limit))
    too_large = rows.filter(bad)
    if too_large.num_rows == 0:
        return
    what = "a number is too large to be stored exactly"
    raise DataError(
        Fault(what, _place(table, row, column, to_decimal(row[column.name])), expected, action)
        for row in too_large.slice(0, _LISTED).to_pylist()
    )


def _refuse_nul(table: Table, rows: Any, column: ResultColumn) -> None:
    """PostgreSQL has no such text; SQLite would take it and the two would differ."""
    with_nul = rows.filter(pc.match_substring(rows.column(column.name), "\0"))
    if with_nul.num_rows == 0:
        return
    what, expected = "a text holds a NUL character", "printable text"
    raise DataError(
        Fault(what, _place(table, row, column, row[column.name]), expected, "correct it in the source")
        for row in with_nul.slice(0, _LISTED).to_pylist()
    )


def _place(table: Table, row: dict[str, Any], column: ResultColumn, value: object) -> dict[str, object]:
    key = " ".join(str(row[name]) for name in result_key(table))
    return {"table": table.name, "key": key, "column": column.name, "value": str(value)}
