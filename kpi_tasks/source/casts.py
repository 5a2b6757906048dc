"""Exact casts from what a source gives to the declared column types; what does not fit is told, never changed.

Whole batches are cast at once. Only where that fails are the distinct values looked at one by one, so that the bad ones
can be named. Both ways take the same values: the fast one some of them, the slow one (``parse``) all.

A value that is the declared type written otherwise fits (``3.0`` into int, ``1e2`` into decimal); one that would lose
something does not (``3.5`` into int, ``87.355`` into decimal(5,2)). Timestamps with an offset become local times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kpi_tasks.source import parse
from kpi_tasks.source.local_time import FIRST_MICROS, LAST_MICROS, to_local
from kpi_tasks.source.records import Column

_TIMESTAMP = pa.timestamp("us")
_UTC = pa.timestamp("us", tz="UTC")
_FIRST_DAY = (date.min - date(1970, 1, 1)).days
_LAST_DAY = (date.max - date(1970, 1, 1)).days

_DIGITS = np.zeros(256, bool)
_DIGITS[list(b"0123456789-")] = True
_DIGITS_AND_POINT = _DIGITS.copy()
_DIGITS_AND_POINT[ord(".")] = True

_TYPES = {
    "text": pa.string(),
    "int": pa.int64(),
    "timestamp": _TIMESTAMP,
    "date": pa.date32(),
    "bool": pa.bool_(),
}


@dataclass(frozen=True)
class Cast:
    """The values of one column in its declared type; ``is_bad`` marks those that do not fit (null in ``values``)."""

    values: Any
    is_bad: Any = None


def arrow_type(column: Column) -> Any:
    """Return the Arrow type that a declared type is stored as."""
    return pa.decimal128(*column.decimal) if column.decimal else _TYPES[column.type]


def cast(array: Any, column: Column, zone: ZoneInfo) -> Cast:
    """Cast one column of a batch; null stays null and is never bad."""
    declared = column.type.split("(")[0]
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    if pa.types.is_string(array.type):
        return _FROM_TEXT[declared](array, column, zone)
    if declared == "decimal" or pa.types.is_decimal(array.type):
        return _FROM_TEXT[declared](array.cast(pa.string()), column, zone)
    if declared == "timestamp":
        return _stamps(array, zone)
    if declared == "date":
        return _in_range(array, pa.int32(), _FIRST_DAY, _LAST_DAY)
    return Cast(array.cast(arrow_type(column)))


def as_shown(array: Any, position: int) -> str:
    """Return one value as a person may be shown it."""
    value = array[position]
    if not value.is_valid:
        return "null"
    if not pa.types.is_string(array.type):
        try:
            return str(value.as_py())
        except (OverflowError, ValueError):
            return "outside the years 1 to 9999"
    return bytes(value.as_buffer()).decode(errors="backslashreplace")


def _text(array: Any, _column: Column, _zone: ZoneInfo) -> Cast:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return _one_by_one(array, pa.string(), parse.text)
    return Cast(array)


def _int(array: Any, _column: Column, _zone: ZoneInfo) -> Cast:
    if _has_only(array, _DIGITS):
        try:
            return Cast(array.cast(pa.int64()))
        except pa.ArrowInvalid:
            pass
    return _one_by_one(array, pa.int64(), parse.int64)


def _decimal(array: Any, column: Column, _zone: ZoneInfo) -> Cast:
    precision, scale = column.decimal or (38, 0)
    declared = pa.decimal128(precision, scale)
    if _has_only(array, _DIGITS_AND_POINT):
        try:
            return Cast(array.cast(declared))
        except pa.ArrowInvalid:
            pass
    return _one_by_one(array, declared, lambda value: parse.decimal(value, precision, scale))


def _timestamp(array: Any, _column: Column, zone: ZoneInfo) -> Cast:
    for kind in (_TIMESTAMP, _UTC):
        try:
            stamps = _stamps(array.cast(kind), zone)
        except pa.ArrowInvalid:
            continue
        if stamps.is_bad is None:
            return stamps
    return _one_by_one(array, _TIMESTAMP, lambda value: parse.timestamp(value, zone))


def _date(array: Any, _column: Column, _zone: ZoneInfo) -> Cast:
    try:
        return _in_range(array.cast(pa.date32()), pa.int32(), _FIRST_DAY, _LAST_DAY)
    except pa.ArrowInvalid:
        return _one_by_one(array, pa.date32(), parse.date)


def _bool(array: Any, _column: Column, _zone: ZoneInfo) -> Cast:
    return _one_by_one(array, pa.bool_(), parse.boolean)


_FROM_TEXT: dict[str, Callable[[Any, Column, ZoneInfo], Cast]] = {
    "text": _text,
    "int": _int,
    "decimal": _decimal,
    "timestamp": _timestamp,
    "date": _date,
    "bool": _bool,
}


def _stamps(array: Any, zone: ZoneInfo) -> Cast:
    """Return timestamps as local ones; those outside the years 1 to 9999 are bad."""
    has_zone = array.type.tz is not None
    found = _in_range(array.cast(pa.timestamp("us", tz=array.type.tz)), pa.int64(), FIRST_MICROS, LAST_MICROS)
    if not has_zone:
        return found
    micros = found.values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    is_null = found.values.is_null().to_numpy(zero_copy_only=False)
    local = pa.array(to_local(micros, zone), _TIMESTAMP, mask=is_null)
    beyond = _in_range(local, pa.int64(), FIRST_MICROS, LAST_MICROS)
    if found.is_bad is None or beyond.is_bad is None:
        return Cast(beyond.values, beyond.is_bad if found.is_bad is None else found.is_bad)
    return Cast(beyond.values, found.is_bad | beyond.is_bad)


def _in_range(array: Any, number: Any, first: int, last: int) -> Cast:
    """Turn what lies outside the range into bad nulls."""
    numbers = array.cast(number)
    bounds = pc.min_max(numbers).as_py()
    if bounds["min"] is None or (bounds["min"] >= first and bounds["max"] <= last):
        return Cast(array)
    is_good = pc.and_(pc.greater_equal(numbers, first), pc.less_equal(numbers, last)).fill_null(
        pa.scalar(value=True)
    )
    is_bad = pc.invert(is_good)
    return Cast(
        pc.if_else(is_good, array, pa.scalar(None, array.type)), is_bad.to_numpy(zero_copy_only=False)
    )


def _has_only(array: Any, allowed: Any) -> bool:
    """Whether the texts hold no other bytes; Arrow alone would read ``0x10`` as a number."""
    if len(array) == 0:
        return True
    _, offsets, data = array.buffers()
    if data is None:
        return True
    ends = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    return bool(allowed[np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]].all())


def _one_by_one(array: Any, declared: Any, read: Callable[[str], object]) -> Cast:
    """Read each distinct text; ``ValueError`` marks it as bad."""
    encoded = array.cast(pa.binary()).dictionary_encode()
    values: list[object] = []
    for raw in encoded.dictionary.to_pylist():
        try:
            values.append(read(raw.decode()))
        except ValueError:
            values.append(None)
    found = pa.array(values, declared).take(encoded.indices)
    is_bad = pc.and_(found.is_null(), array.is_valid())
    return Cast(found, is_bad.to_numpy(zero_copy_only=False) if pc.any(is_bad).as_py() else None)
