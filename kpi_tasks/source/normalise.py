"""From batches as the source gives them to records of the month, in declared types.

Order of work: the month is cut by ``belongs_by`` in local time first, so a neighbouring month's faults are not told here;
then records with a ``set_aside_reason`` leave; then the others are cast, and what does not fit is collected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kpi_tasks.errors import Fault
from kpi_tasks.period import Period
from kpi_tasks.source.casts import Cast, arrow_type, as_shown, cast
from kpi_tasks.source.records import Column, RecordType

SET_ASIDE = "set_aside_reason"
"""The column of an extract query that, where it is not null, keeps a record out of the month and says why."""

LISTED_VALUES = 20
"""At most this many values of a column are named in an error."""

_LONGEST_SHOWN = 100
_EXPECTED = {
    "text": "text in UTF-8",
    "int": "a whole number of 64 bits",
    "timestamp": "a real date and time, YYYY-MM-DD hh:mm:ss, with an offset where it is not local time",
    "date": "a real date, YYYY-MM-DD, without a time",
    "bool": "true or false",
}


@dataclass
class _ColumnFaults:
    count: int = 0
    listed: list[Fault] = field(default_factory=list)


class Normaliser:
    """Turns the batches of one record type and month into records, and remembers what did not fit."""

    def __init__(self, record_type: RecordType, period: Period, zone: ZoneInfo) -> None:
        """Prepare for one month; ``zone`` is the scheme's."""
        self._type = record_type
        self._zone = zone
        self._bounds = [datetime.combine(day, time()) for day in (period.start, period.end)]
        self._faults: dict[str, _ColumnFaults] = {}
        self.set_aside: Counter[str] = Counter()
        self.schema = pa.schema(
            [pa.field(name, arrow_type(column)) for name, column in record_type.columns.items()]
        )
        self.set_aside_schema = pa.schema(
            [pa.field(name, pa.string()) for name in [*record_type.columns, SET_ASIDE]]
        )

    def take(self, batch: Any) -> tuple[Any, Any]:
        """Return the records of the month and those set aside (null where there are none), as batches.

        Records with a value that does not fit are left out: ``faults`` tells of them.
        """
        batch, placed = self._month_of(batch)
        aside = None
        if SET_ASIDE in batch.schema.names:
            reason = cast(batch.column(SET_ASIDE), Column(type="text"), self._zone).values
            is_aside = pc.not_equal(reason, "").fill_null(pa.scalar(value=False))
            if pc.any(is_aside).as_py():
                aside = self._as_text(batch.filter(is_aside), reason.filter(is_aside))
                batch, placed = batch.filter(pc.invert(is_aside)), None
        arrays = []
        is_unfit = np.zeros(batch.num_rows, dtype=bool)
        for name, column in self._type.columns.items():
            found = (
                placed
                if placed and name == self._type.belongs_by
                else cast(batch.column(name), column, self._zone)
            )
            if found.is_bad is not None:
                self._tell(batch, name, column, found.is_bad)
                is_unfit |= found.is_bad
            arrays.append(found.values)
        records = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        return (records.filter(pa.array(~is_unfit)) if is_unfit.any() else records), aside

    def faults(self) -> list[Fault]:
        """Return what did not fit: the first values of each column, and how many more there are."""
        return list(self._all_faults())

    def _month_of(self, batch: Any) -> tuple[Any, Cast | None]:
        """Keep what belongs to the month, and what does not say where it belongs: that is told later.

        Returns the cast of ``belongs_by`` too where it is still good, so that it is not done twice.
        """
        name = self._type.belongs_by
        if name is None or batch.num_rows == 0:
            return batch, None
        placed = cast(batch.column(name), self._type.columns[name], self._zone)
        start, end = (pa.scalar(bound, placed.values.type) for bound in self._bounds)
        is_inside = pc.and_(pc.greater_equal(placed.values, start), pc.less(placed.values, end))
        is_kept = is_inside.fill_null(pa.scalar(value=True))
        return (batch, placed) if pc.all(is_kept).as_py() else (batch.filter(is_kept), None)

    def _as_text(self, batch: Any, reason: Any) -> Any:
        """Return records that are set aside as text: what fits its type as that type is written, the rest as it came."""
        arrays = []
        for name, column in self._type.columns.items():
            values = batch.column(name)
            found = cast(values, column, self._zone)
            text = found.values.cast(pa.string())
            if found.is_bad is not None:
                raw = pa.array(
                    [as_shown(values, row) if bad else None for row, bad in enumerate(found.is_bad)],
                    pa.string(),
                )
                text = pc.coalesce(text, raw)
            arrays.append(text)
        self.set_aside.update(reason.to_pylist())
        return pa.RecordBatch.from_arrays([*arrays, reason], schema=self.set_aside_schema)

    def _tell(self, batch: Any, name: str, column: Column, is_bad: Any) -> None:
        faults = self._faults.setdefault(name, _ColumnFaults())
        positions = np.flatnonzero(is_bad)
        faults.count += len(positions)
        for position in positions[: LISTED_VALUES - len(faults.listed)]:
            row = int(position)
            key = ", ".join(as_shown(batch.column(part), row) for part in self._type.key)
            value = as_shown(batch.column(name), row)
            shown = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "..."
            faults.listed.append(
                Fault(
                    f"not a value of type {column.type}",
                    {"table": self._type.name, "key": key, "column": name, "value": shown},
                    _expected(column),
                    "correct the record in the source, then run the month again",
                )
            )

    def _all_faults(self) -> Iterator[Fault]:
        for name, faults in self._faults.items():
            yield from faults.listed
            more = faults.count - len(faults.listed)
            if more:
                yield Fault(
                    f"{more} more values of {name} do not fit, {faults.count} in all",
                    {"table": self._type.name, "column": name, "count": faults.count},
                    _expected(self._type.columns[name]),
                    "correct them all: they are likely of one kind",
                )


def _expected(column: Column) -> str:
    if column.decimal:
        precision, scale = column.decimal
        return f"a decimal number of at most {precision} digits, at most {scale} of them behind the point"
    return _EXPECTED[column.type]
