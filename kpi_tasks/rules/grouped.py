"""Grouped sums of whole numbers that are exact whatever their size, and the way from ids to positions.

Sums of millionths can pass 64 bits where many large records meet. They are therefore added in two halves that
cannot overflow, and put together as Python integers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpi_tasks.errors import DataError, Fault

IntArray = npt.NDArray[np.int64]
ObjectArray = npt.NDArray[np.object_]
BoolArray = npt.NDArray[np.bool_]

STORED_MICROS = 10**18
"""Results are stored as NUMERIC(18,6): every number of millionths must lie below this."""

LISTED_FAULTS = 20
"""At most this many single ids are named for one kind of fault; the rest is counted."""

_HALF_BITS = 31


def micros_of(frame: pd.DataFrame, column: str) -> IntArray:
    """Return a column of whole numbers as int64."""
    return frame[column].to_numpy(dtype=np.int64)


def group_sums(values: IntArray, groups: IntArray, group_count: int) -> ObjectArray:
    """Return one exact Python integer a group: the sum of its values; 0 for a group without values.

    ``groups`` holds the group's position (0 .. group_count - 1) of each value.
    """
    low: IntArray = np.zeros(group_count, dtype=np.int64)
    high: IntArray = np.zeros(group_count, dtype=np.int64)
    np.add.at(low, groups, values & ((1 << _HALF_BITS) - 1))
    np.add.at(high, groups, values >> _HALF_BITS)
    sums: ObjectArray = as_objects(high) * (1 << _HALF_BITS) + as_objects(low)
    return sums


def as_objects(values: IntArray) -> ObjectArray:
    """Return the same numbers as Python integers, whose products never overflow."""
    return values.astype(object)


def positions(ids: pd.Series[Any], known: pd.Index[Any]) -> IntArray:
    """Return the position of each id in ``known``; -1 where it is not there."""
    codes, distinct = pd.factorize(ids)
    places = known.get_indexer(pd.Index(distinct)).astype(np.int64)
    return places[codes] if len(codes) else np.zeros(0, dtype=np.int64)


def fits_faults(values: ObjectArray, column: str, names: Iterable[dict[str, object]]) -> list[Fault]:
    """Return a fault for each number too large to be stored; ``names`` says where each of them stands."""
    too_large = values >= STORED_MICROS
    if not too_large.any():
        return []
    return [
        Fault(
            "number too large",
            {**where, "column": column},
            "below 1 000 000 000 000",
            "look for a mistyped quantity in the records",
        )
        for where, is_fault in zip(names, too_large, strict=True)
        if is_fault
    ]


def unknown_ids(ids: pd.Series[Any], is_unknown: BoolArray) -> list[str]:
    """Return the ids marked, once each, sorted."""
    return sorted(map(str, ids[is_unknown].unique()))


def id_faults(what: str, key: str, ids: list[str], expected: str, action: str) -> list[Fault]:
    """Return one fault an id, and one more that counts those left off; none where there are no ids."""
    faults = [Fault(what, {key: value}, expected, action) for value in ids[:LISTED_FAULTS]]
    if len(ids) > LISTED_FAULTS:
        left_off = len(ids) - LISTED_FAULTS
        faults.append(Fault(f"{what}: {left_off} more", {"count": len(ids)}, expected, action))
    return faults


def raise_data_faults(faults: list[Fault]) -> None:
    """Raise ``DataError`` with all faults where there are any."""
    if faults:
        raise DataError(faults)
